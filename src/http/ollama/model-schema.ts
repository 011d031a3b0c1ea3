import { z } from 'zod';
import { ignored, optional, unsupported } from '../schema-field.ts';

const name = z.string().min(1).max(500);

/** Clients send `model`; older ones `name`. */
const naming = { model: optional(name), name: optional(name) };

export const showSchema = z.strictObject({
  ...naming,
  verbose: ignored('everything known is shown'),
  system: unsupported('models carry no system text of their own'),
  template: unsupported("the chat template is the model's own"),
  options: unsupported('models carry no options of their own'),
});

export const deleteSchema = z.strictObject(naming);

export const pullSchema = z.strictObject({
  ...naming,
  stream: optional(z.boolean()),
  insecure: unsupported('downloads are always checked'),
});

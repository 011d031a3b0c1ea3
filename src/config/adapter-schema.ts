import { z } from 'zod';

/** It goes into headers and lists, like the id of a model. */
const adapterName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, {
  message: 'expected a name of letters, digits and . _ : / -, at most 100',
});

const adapterSchema = z.strictObject({
  model: z.string().min(1).max(200),
  reference: z.string().min(1).max(2000),
  scale: z.number().min(-100).max(100).default(1),
});

export const adaptersSchema = z
  .record(adapterName, adapterSchema)
  .default({})
  .describe(
    'LoRA adapters by the name that clients ask for: model (its id), reference (file:PATH, hf:..., https:...) and ' +
      'scale (1), e.g. {sql: {model: qwen2.5-1.5b-instruct, reference: "file:sql.gguf"}}.',
  );

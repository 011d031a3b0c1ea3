import { z } from 'zod';
import type { OutputFormat } from '../../chat/request.ts';
import { jsonSchema, optional } from '../schema-field.ts';

/** https://platform.openai.com/docs/guides/structured-outputs */
export const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
      description: optional(z.string()),
      schema: jsonSchema,
      strict: optional(z.boolean()).meta({ description: 'The schema is enforced either way.' }),
    }),
  }),
]);

export function outputFormat(format: z.infer<typeof responseFormat> | null | undefined): OutputFormat {
  switch (format?.type) {
    case undefined:
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json_object', field: 'response_format' };
    case 'json_schema': {
      const { name, schema, strict } = format.json_schema;
      const field = 'response_format.json_schema.schema';
      return { type: 'json_schema', schema, name, strict: strict ?? false, field };
    }
  }
}

import { z } from 'zod';

const name = z.string().min(1).max(200);

export const embedderPolicies = ['require-corp', 'credentialless', 'off'] as const;

/** What web pages get from the gateway beside answers. */
export const pagesSchema = z.strictObject({
  models: z
    .array(name)
    .default([])
    .describe(
      'Models whose files pages may load (GET /models/files), by ids or patterns such as smollm2-*. Empty: none. Pages of ' +
        'other origins must stand in allowedOrigins too.',
    ),
  folder: name
    .nullable()
    .default(null)
    .describe(
      'Folder of a web page that is served, without a key, under /pages/, isolated as WebAssembly needs it to use threads. ' +
        'null: none.',
    ),
  embedderPolicy: z
    .enum(embedderPolicies)
    .default('require-corp')
    .describe(
      'Cross-Origin-Embedder-Policy of that page: require-corp, credentialless (images of others need no header; not in ' +
        'Safari) or off (no isolation, so no threads).',
    ),
});

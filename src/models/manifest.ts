import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { readJson, writeJsonAtomically } from './file-digest.ts';

const measuredSchema = z.object({
  prefillTokensPerSecond: z.number(),
  decodeTokensPerSecond: z.number(),
  perplexity: z.number(),
});

/** File names only: a manifest can never point out of its folder. */
const fileName = z.string().regex(/^[^/\\]{1,200}\.gguf$/i);

const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  reference: z.string(),
  grade: z.enum(['smoke test', 'basic', 'assistant', 'ungraded']),
  license: z.string().nullable(),
  family: z.string().nullable(),
  format: z.string().nullable(),
  contextTokenCount: z.number().nullable(),
  parameterCount: z.number().nullable(),
  pulledAt: z.iso.datetime(),
  /** As pulled, in order of a split model's parts. */
  files: z
    .array(z.object({ name: fileName, bytes: z.number(), sha256: z.string(), verified: z.boolean() }))
    .min(1),
  requantization: z
    .object({
      /** The machine that it was measured on; another CPU may choose anew. */
      cpu: z.string(),
      fromFormat: z.string().nullable(),
      /** The format that `reason` speaks of: the chosen one, else the one that came nearest. */
      toFormat: z.string(),
      /** `null` where the original stayed the faster one, or the better choice. */
      file: z.object({ name: fileName, bytes: z.number() }).nullable(),
      before: measuredSchema.nullable(),
      after: measuredSchema.nullable(),
      /** Every format that was made for it, measured or with the reason why not. */
      tried: z
        .array(
          z.object({
            format: z.string(),
            measured: measuredSchema.nullable(),
            problem: z.string().nullable(),
          }),
        )
        .default([]),
      decidedAt: z.iso.datetime(),
      /** Why it was used or not, in a sentence. */
      reason: z.string(),
    })
    .nullable(),
});

/** What the store keeps about one model, beside its files. */
export type Manifest = z.infer<typeof manifestSchema>;
/** A model in one format, measured on this machine. */
export type MeasuredModel = z.infer<typeof measuredSchema>;
export type Requantization = NonNullable<Manifest['requantization']>;

const manifestName = 'manifest.json';

/** Ids hold a colon, which Windows does not take in names. */
export function folderOfId(id: string): string {
  return id.replaceAll(':', '@');
}

/** @returns `null` where the folder has no manifest, or a damaged one, or one of a model whose files are gone */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const raw = await readJson(join(folder, manifestName)).catch(() => null);
  const parsed = manifestSchema.safeParse(raw);
  if (!parsed.success) return null;
  for (const file of parsed.data.files) {
    const found = await stat(join(folder, file.name)).catch(() => null);
    if (found?.size !== file.bytes) return null;
  }
  const extra = parsed.data.requantization?.file ?? null;
  if (extra !== null) {
    const found = await stat(join(folder, extra.name)).catch(() => null);
    // Deleted by hand: the original is still there, and the decision is open again.
    if (found?.size !== extra.bytes) return { ...parsed.data, requantization: null };
  }
  return parsed.data;
}

/** The model exists from here on. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeJsonAtomically(join(folder, manifestName), manifest);
}

/** Every readable manifest, with its folder, by id. */
export async function readManifests(
  modelsPath: string,
): Promise<readonly { readonly folder: string; readonly manifest: Manifest }[]> {
  const found: { folder: string; manifest: Manifest }[] = [];
  const names = await readdir(modelsPath, { withFileTypes: true }).catch(() => []);
  for (const name of names) {
    if (!name.isDirectory() || name.name.startsWith('.')) continue;
    const folder = join(modelsPath, name.name);
    const manifest = await readManifest(folder);
    if (manifest !== null && folderOfId(manifest.id) === name.name) found.push({ folder, manifest });
  }
  return found.sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
}

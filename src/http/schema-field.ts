import { z } from 'zod';
import { draftRowCount } from '../engine/speculation/speculator.ts';

/** Marks an issue as "known, but nothing here can honour it", so that it is not reported as a malformed field. */
export const unsupportedMark = { nearfar: 'unsupported' } as const;

/** True for what clients send when they do not use a feature: absent, null, false, empty. */
export function isOff(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * A field that would change the answer and that nearfar cannot honour yet. Values that mean "off" pass.
 * @param reason shown to the client after the field's name, e.g. `tools are not supported yet`
 * @param alsoOff further values that ask for nothing, e.g. `none`
 */
export function unsupported(reason: string, alsoOff: readonly unknown[] = []): z.ZodOptional<z.ZodType> {
  return z

    .custom((value) => isOff(value) || alsoOff.includes(value), {
      error: reason,
      params: unsupportedMark,
    })
    .optional()
    .meta({ description: `Not supported: ${reason}. Only values that turn it off are accepted.` });
}

/** A field that cannot change the answer here. Taken and not looked at. */
export function ignored(why: string): z.ZodOptional<z.ZodType> {
  return z
    .unknown()
    .optional()
    .meta({ description: `Accepted and without effect: ${why}.` });
}

/** An optional field that clients also send as null. */
export function optional<Schema extends z.ZodType>(schema: Schema): z.ZodOptional<z.ZodNullable<Schema>> {
  return schema.nullable().optional();
}

export const modelName = z
  .string()
  .min(1)
  .max(500)
  .meta({ description: 'auto, near, the id of a model that is here, or an alias from the settings.' });

export const temperature = z.number().min(0).max(2);
/** 0 leaves the likeliest token only; see `samplingTopP`. */
export const topP = z.number().min(0).max(1);
/** 0 and -1 are off. */
export const topK = z.int().min(-1);
export const minP = z.number().min(0).max(1);
export const typicalP = z.number().gt(0).max(1);
export const repetitionPenalty = z.number().gt(0).max(10);
export const penalty = z.number().min(-2).max(2);
export const seed = z.int();
export const maxTokens = z.int().min(1);
export const topLogprobs = z.int().min(0).max(20);

/** Tokens drafted ahead in every step; 0 is none. At most as many as a step has room for. */
export const draftTokens = z.int().min(0).max(draftRowCount);

/** What `draftTokens` asks of the engine. */
export function wantedSpeculation(count: number | 'auto'): { readonly speculation: 'auto' | 'off' | number } {
  return { speculation: count === 0 ? 'off' : count };
}

/** Non-empty strings that end an answer. */
export const stopStrings = z.array(z.string().min(1).max(1_000)).max(16);

/** OpenAI's map from token id to a value added to its logit. */
export const logitBias = z.record(
  z.string().regex(/^\d{1,9}$/, 'expected token ids as keys'),
  z.number().min(-100).max(100),
);

/** A JSON Schema; what it may hold is checked where it is compiled (engine/grammar/). */
export const jsonSchema = z
  .record(z.string(), z.unknown())
  .meta({ description: 'A JSON Schema. A keyword that cannot be enforced is a 400 that names it.' });

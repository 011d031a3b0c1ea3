import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import { structureNames } from '../difficulty/features.ts';
import { bucketCount } from './text-space.ts';

/** What calibration learned of some models on some traffic, as it stands in a file. */
export type Profile = z.infer<typeof profileSchema>;
export type ProfileModel = Profile['models'][number];

export const profileVersion = 1;

const share = z.number().min(0).max(1);
/** Float32 numbers, little-endian, in base64. */
const numbers = (count: number) =>
  z.string().refine((text) => Buffer.from(text, 'base64').byteLength === count * 4, {
    message: `expected ${count} numbers of 4 bytes in base64`,
  });
const linear = (count: number) => z.strictObject({ intercept: z.number(), weights: numbers(count) });
const topicCount = z.int().min(0).max(256);
const tree = z.strictObject({
  columns: z.array(z.int().min(0).max(1024)).length(7),
  limits: z.array(z.number()).length(7),
  leaves: z.array(z.number()).length(8),
});

export const profileSchema = z.strictObject({
  kind: z.literal('nearfar-profile'),
  version: z.literal(profileVersion),
  /** ISO 8601. */
  madeAt: z.iso.datetime(),
  outcomeCount: z.int().min(1),
  /** What costs are counted in: US dollars a prompt, or what the owner named. */
  costUnit: z.enum(['USD', 'relative']),
  /** In the order in which they were named; the cheapest need not be the first. */
  models: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        /** Mean score and cost over the outcomes. */
        quality: share,
        cost: z.number().min(0),
        offset: z.number(),
        words: linear(bucketCount),
        structure: linear(structureNames.length),
        amount: linear(1),
        trees: z.strictObject({ base: z.number(), trees: z.array(tree).max(2000) }),
      }),
    )
    .min(2)
    .max(64),
  /** How much quality a unit of cost must bring; what the goal led to. */
  worth: z.number().min(0),
  goal: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('quality'), points: z.number().min(0).max(100) }),
    z.strictObject({ kind: z.literal('cost'), share: share }),
  ]),
  /** What cross-validation found: whether routing pays on this traffic, in words. */
  pays: z.boolean(),
  verdict: z.string(),
  space: z.strictObject({
    features: z.array(z.string()),
    featureMeans: z.array(z.number()).length(structureNames.length),
    featureDeviations: z.array(z.number().min(0)).length(structureNames.length),
    idf: numbers(bucketCount),
  }),
  /** The mean score of all models. */
  common: linear(bucketCount),
  topics: z
    .strictObject({
      count: topicCount,
      columns: z
        .array(
          z
            .int()
            .min(0)
            .max(bucketCount - 1),
        )
        .max(bucketCount),
      /** Of each topic the greatest loading; loadings are whole numbers from -127 to 127 of it, base64. */
      scales: z.array(z.number().min(0)),
      loadings: z.string(),
    })
    .refine(
      ({ count, columns, scales, loadings }) =>
        scales.length === count && Buffer.from(loadings, 'base64').byteLength === count * columns.length,
      { message: 'expected a scale for each topic and a byte for each of its loadings' },
    ),
  /** How the judge of the calibration saw neighbouring models, on the prompts that routing gives the lower one; absent: not judged. */
  expectations: z
    .array(
      z.strictObject({
        lower: z.string().min(1),
        upper: z.string().min(1),
        /** Names that this judge goes by. */
        judges: z.array(z.string().min(1)).min(1).max(4),
        counts: z.strictObject({
          win: z.int().min(0),
          tie: z.int().min(0),
          loss: z.int().min(0),
        }),
      }),
    )
    .max(64)
    .optional(),
  /** How far words, structure, trees and amounts are trusted. */
  blend: z.array(z.number().min(0)).length(4),
});

/**
 * A profile as it was written.
 * @throws NearfarError `invalid_request` naming the field and what was expected
 */
export function readProfile(text: string, source: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NearfarError('invalid_request', `${source}: expected a profile in JSON.`);
  }
  const read = profileSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new NearfarError(
      'invalid_request',
      `${source}: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'expected a profile'}. ` +
        'Profiles are made by "nearfar calibrate"; one of another version must be made anew.',
      { field },
    );
  }
  if (read.data.space.features.join() !== structureNames.join())
    throw new NearfarError(
      'invalid_request',
      `${source}: space.features: made by a version that measured other things of a prompt. Calibrate again.`,
      { field: 'space.features' },
    );
  return read.data;
}

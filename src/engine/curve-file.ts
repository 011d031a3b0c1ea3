import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Calibration } from './calibrate.ts';

const calibrationFile = z.object({
  /** What was measured; another model, CPU or library is measured anew. */
  key: z.string(),
  threadCount: z.int().positive(),
  noise: z.number().positive(),
  curve: z.object({
    points: z.array(z.object({ tokenCount: z.int().positive(), milliseconds: z.number().positive() })).min(1),
    attention: z
      .array(
        z.object({
          tokenCount: z.int().positive(),
          readMsPerCell: z.number().nonnegative(),
          maskedMsPerCell: z.number().nonnegative(),
        }),
      )
      .min(1),
    readersApart: z.boolean(),
  }),
});

/** A kept calibration, or `null` if there is none for this key or the file cannot be used. */
export function readCalibration(path: string, key: string): Calibration | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  const result = calibrationFile.safeParse(parsed);
  if (!result.success || result.data.key !== key) return null;
  const { threadCount, curve, noise } = result.data;
  return { threadCount, curve, noise };
}

/** Lands by rename, so that a reader sees the old file or the new one. */
export function writeCalibration(path: string, key: string, calibration: Calibration): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  writeFileSync(partial, `${JSON.stringify({ key, ...calibration }, null, 1)}\n`);
  renameSync(partial, path);
}

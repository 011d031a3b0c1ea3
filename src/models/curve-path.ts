import { join } from 'node:path';

/** Where the measured cost of a model's steps is kept. */
export function curvePathOf(home: string, modelId: string): string {
  return join(home, 'curves', `${fileNameOf(modelId)}.json`);
}

/** Where that of its steps as a draft model is kept: other steps than those of the same model by itself. */
export function draftCurvePathOf(home: string, modelId: string): string {
  return join(home, 'curves', `${fileNameOf(modelId)}@draft.json`);
}

/** Ids hold colons, which Windows does not take in names. */
function fileNameOf(id: string): string {
  return id.replaceAll(/[^\w.-]/g, '@');
}

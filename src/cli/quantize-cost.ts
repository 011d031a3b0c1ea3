import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import type { DivergenceFromBase } from '../measure/weights.ts';
import type { Estimate } from '../measure/interval.ts';
import { runMeasuring } from './measuring-job.ts';

const windowTokenCount = 512;

/** What a new format costs against what it was made of, measured on a text. */
export interface QuantizeCost extends DivergenceFromBase {
  readonly scoredTokenCount: number;
  readonly sourcePerplexity: Estimate;
  readonly perplexity: Estimate;
}

/** Measures a file against the one that it was made of, each in a process of its own. @param text `null`: nearfar's own */
export async function measureCost(
  loaded: LoadedSettings,
  files: { readonly source: string; readonly made: string },
  text: string | null,
): Promise<QuantizeCost> {
  const { measureWeightsFile } = await import('../measure/weights-job.ts');
  const folder = join(loaded.home, 'measured', randomUUID());
  await mkdir(folder, { recursive: true });
  const { backend, threadCount } = loaded.settings.engine;
  const request = { basePath: join(folder, 'base.logits'), backend, threadCount, text, windowTokenCount };
  try {
    return await runMeasuring('measuring what it costs', async ({ signal, onProgress }) => {
      const measure = (path: string, isBase: boolean) =>
        measureWeightsFile(
          { ...request, path, isBase, windowCount: null, measuresSpeed: false },
          {
            signal,
            onProgress: (fraction) => {
              onProgress((isBase ? 0 : 0.5) + fraction / 2);
            },
          },
        );
      const source = await measure(files.source, true);
      const made = await measure(files.made, false);
      if (made.against === null) throw new Error('Nothing was compared.');
      const { scoredTokenCount, perplexity } = made;
      return { ...made.against, scoredTokenCount, perplexity, sourcePerplexity: source.perplexity };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In lines for people. */
export function renderCost(cost: QuantizeCost): string {
  const { perplexityRatio, divergence, topAgreement } = cost;
  const plus = ({ margin }: Estimate, digits: number, factor = 1): string =>
    margin === null ? '' : ` ± ${(factor * margin).toFixed(digits)}`;
  return [
    `Against its source, measured over ${cost.scoredTokenCount} tokens (± 95% over windows of ${windowTokenCount}): perplexity ` +
      `${cost.perplexity.mean.toFixed(2)} for ${cost.sourcePerplexity.mean.toFixed(2)}, ` +
      `${perplexityRatio.mean.toFixed(4)}x${plus(perplexityRatio, 4)};`,
    `KL divergence ${divergence.mean.toFixed(4)}${plus(divergence, 4)} nats; the same likeliest token for ` +
      `${(100 * topAgreement.mean).toFixed(1)}%${plus(topAgreement, 1, 100)}.`,
  ].join('\n');
}

import type { LlamaContext } from '../src/engine/llama/context.ts';
import type { Job } from './speculate-state.ts';

/** How far the gap between a drawn token's logit and another likely one's moves with the widths of steps, in nats. */
export interface WidthNoise {
  readonly largest: number;
  readonly median: number;
}

/** Kernels differ below and above four rows, and what a row of a matrix rounds to depends on them. */
export const noiseWidths = [4, 16] as const;

/**
 * Computes each job's answer again in steps of so many tokens, as accepted drafts are, and compares the gaps with those
 * of steps of one token. A greedy answer with drafts can part from the one without where the gap is below this noise;
 * where it is above, something else is wrong. Clears the context.
 */
export function measureWidthNoise(context: LlamaContext, jobs: readonly Job[]): WidthNoise {
  const moves: number[] = [];
  for (const { tokens, expected, runnersUp } of jobs) {
    for (const width of noiseWidths) {
      readPrompt(context, tokens);
      // The last token is drawn, and computed by nobody.
      for (let from = 0; from < expected.length - 1; from += width) {
        const piece = expected.slice(from, Math.min(from + width, expected.length - 1));
        const rows = append(context, piece, tokens.length + from);
        rows.forEach((row, index) => {
          const position = from + index + 1;
          const logits = context.logits(row);
          const drawn = logits[expected[position] ?? 0] as number;
          for (const { token, gap } of runnersUp[position] ?? [])
            moves.push(Math.abs(drawn - (logits[token] as number) - gap));
        });
      }
    }
  }
  context.clearCells();
  moves.sort((a, b) => a - b);
  return { largest: moves.at(-1) ?? 0, median: moves[moves.length >> 1] ?? 0 };
}

/** As our loop does that finds it in the cache: whole, and then its last token once more by itself. */
function readPrompt(context: LlamaContext, tokens: readonly number[]): void {
  context.clearCells();
  append(context, tokens, 0, 1);
  context.removeSequence(0, tokens.length - 1, -1);
  append(context, tokens.slice(-1), tokens.length - 1);
}

/** In one step, which the prompts of these workloads fit. Returns the rows with logits: the last ones. */
function append(
  context: LlamaContext,
  tokens: readonly number[],
  position: number,
  outputCount = tokens.length,
): number[] {
  context.clearBatch();
  const rows = tokens.map((token, index) =>
    context.addToken(token, position + index, 0, index >= tokens.length - outputCount),
  );
  const outcome = context.decode();
  if (outcome !== 'ok') throw new Error(`a step of ${tokens.length} tokens: ${outcome}`);
  return rows.slice(-outputCount);
}

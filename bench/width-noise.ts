import type { LlamaContext } from '../src/engine/llama/context.ts';
import type { Job } from './speculate-state.ts';

/** How far the gap between a drawn token's logit and another likely one's moves with the shapes of batches, in nats. */
export interface WidthNoise {
  readonly largest: number;
  readonly median: number;
}

interface Shape {
  /** Of the prompt, the share that is computed in a batch of its own, as where a cache holds it. */
  readonly split: number;
  /** Tokens of the answer in a step. */
  readonly width: number;
}

/** Quantized activations and matrices round by the rows that are computed together, of the prompt and of the answer. */
const shapes: readonly Shape[] = [
  { split: 0, width: 16 },
  { split: 0.25, width: 4 },
  { split: 0.5, width: 16 },
];

/**
 * Computes each job's answer again in batches of other shapes, those of accepted drafts among them, and compares the gaps
 * with those of steps of one token. A greedy answer with drafts can part from the one without where the gap is below
 * this noise; where it is above, something else is wrong. Clears the context.
 */
export function measureWidthNoise(context: LlamaContext, jobs: readonly Job[]): WidthNoise {
  const moves: number[] = [];
  for (const { tokens, expected, runnersUp } of jobs) {
    for (const { split, width } of shapes) {
      readPrompt(context, tokens, Math.floor(split * tokens.length));
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

/** As our loop does that finds it in the cache: all of it, and then its last token once more by itself. */
function readPrompt(context: LlamaContext, tokens: readonly number[], split: number): void {
  context.clearCells();
  if (split > 0) append(context, tokens.slice(0, split), 0, 1);
  append(context, tokens.slice(split), split, 1);
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

import { NearfarError } from '../chat/error.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { SamplingOptions } from '../chat/sampling.ts';

/** A field that would change the answer and that the upstream's protocol has no place for: a 400 that names it. */
export function notCarried(field: string, why: string): NearfarError {
  return new NearfarError('unsupported', `${field}: ${why}.`, { field });
}

/**
 * The sampling options that the client set, by what the server calls them; none of the dialect's own defaults, for
 * models elsewhere have theirs.
 * @throws NearfarError `unsupported` naming the client's field where the server has no such option
 */
export function statedOptions(
  { sampling, statedSampling }: Pick<ChatRequest, 'sampling' | 'statedSampling'>,
  names: Readonly<Partial<Record<keyof SamplingOptions, string>>>,
  server: string,
): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  for (const [option, field] of statedSampling ?? []) {
    const name = names[option];
    if (name === undefined) {
      if (asksForNothing(option, sampling)) continue;
      throw notCarried(field, `${server} has no such option`);
    }
    const value = sampling[option];
    options[name] = value instanceof Map ? Object.fromEntries(value) : value;
  }
  return options;
}

/** Set, but to what asks for nothing. */
function asksForNothing(option: keyof SamplingOptions, sampling: SamplingOptions): boolean {
  switch (option) {
    case 'topK':
    case 'minP':
    case 'presencePenalty':
    case 'frequencyPenalty':
      return sampling[option] === 0;
    case 'typicalP':
    case 'repetitionPenalty':
      return sampling[option] === 1;
    case 'penaltyWindow':
      // Without penalties nothing looks back.
      return (
        sampling.repetitionPenalty === 1 && sampling.presencePenalty === 0 && sampling.frequencyPenalty === 0
      );
    case 'logitBias':
      return sampling.logitBias.size === 0;
    case 'seed':
      return sampling.seed === null;
    case 'temperature':
    case 'topP':
      return false;
  }
}

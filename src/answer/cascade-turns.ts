import type { ChatModel } from '../chat/model.ts';
import type { CascadeOutcome, ChatPart } from '../chat/part.ts';
import type { CascadeRules } from '../route/cascade/judge.ts';
import { nearFirst, withCascade } from '../route/cascade/near-first.ts';
import type { Candidate } from './fallback.ts';

/**
 * The same turns, of which the first is judged by the beginning of its answer before any of it is shown. Where it is unsure the
 * next one's turn comes, as if it had failed; and where all those fail it is asked once more and its answer stands, unsure as it
 * is.
 * @param candidates nearest first, at least two
 */
export function cascadeTurns(candidates: readonly Candidate[], rules: CascadeRules): readonly Candidate[] {
  const [near, ...others] = candidates;
  if (near === undefined || others.length === 0) return candidates;
  let outcome: CascadeOutcome | null = null;
  const afterwards = (candidate: Candidate, hedges: boolean): Candidate => ({
    id: candidate.id,
    open: async () => told(await candidate.open(), () => outcome, hedges),
  });
  return [
    {
      id: near.id,
      open: async () =>
        nearFirst(await near.open(), {
          rules,
          onJudged: (judged) => {
            outcome = judged;
          },
        }),
    },
    // The last of them has only the near model behind it, which is no hedge: it was unsure.
    ...others.map((candidate, index) => afterwards(candidate, index < others.length - 1)),
    afterwards(near, false),
  ];
}

/** A model whose answer says what the cascade did before it. */
function told(model: ChatModel, outcome: () => CascadeOutcome | null, hedges: boolean): ChatModel {
  return {
    facts: model.facts,
    countTokens: (input, signal) => model.countTokens(input, signal),
    embed: (request, signal) => model.embed(request, signal),
    ...(hedges && model.hedge !== undefined ? { hedge: model.hedge } : {}),
    async *stream(request, signal): AsyncGenerator<ChatPart, void, undefined> {
      for await (const part of model.stream(request, signal)) {
        const judged = outcome();
        yield part.type === 'start' && judged !== null ? withCascade(part, judged) : part;
      }
    },
  };
}

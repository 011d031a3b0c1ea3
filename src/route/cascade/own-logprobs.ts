import type { ChatPart } from '../../chat/part.ts';

/**
 * Parts as the client asked for them: what the judge read of log-probabilities beyond that is taken out, and parts that carried
 * nothing else are left out.
 * @param topLogprobCount as in ChatRequest; `null`: none
 */
export function asAsked(topLogprobCount: number | null): (part: ChatPart) => readonly ChatPart[] {
  return (part) => {
    if (part.type !== 'text-delta' || part.logprobs === undefined) return [part];
    if (topLogprobCount === null) {
      const { logprobs: _, ...bare } = part;
      return bare.text === '' ? [] : [bare];
    }
    return [
      {
        ...part,
        logprobs: part.logprobs.map((token) => ({ ...token, top: token.top.slice(0, topLogprobCount) })),
      },
    ];
  };
}

import type { AnswerSource, ChatPart, Timings } from '../chat/part.ts';

/** Text of several deltas goes together up to this many characters: a replayed stream is still one of pieces. */
const pieceCharacterCount = 200;

const nothing: Timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };

/** Pure: an answer as it is kept: deltas of one kind that follow each other joined, and no word of what it took to make. */
export function compact(parts: readonly ChatPart[]): readonly ChatPart[] {
  const kept: ChatPart[] = [];
  for (const part of parts) {
    const joined = join(kept.at(-1), part);
    if (joined === null) kept.push(part);
    else kept[kept.length - 1] = joined;
  }
  return kept;
}

/** `null`: they stay apart. */
function join(last: ChatPart | undefined, part: ChatPart): ChatPart | null {
  if (last?.type === 'text-delta' && part.type === 'text-delta') {
    if (last.logprobs !== undefined || part.logprobs !== undefined || last.choice !== part.choice)
      return null;
    return isShort(last.text) ? { ...last, text: last.text + part.text } : null;
  }
  if (last?.type === 'reasoning-delta' && part.type === 'reasoning-delta' && last.choice === part.choice) {
    return isShort(last.text) ? { ...last, text: last.text + part.text } : null;
  }
  if (last?.type === 'tool-call-delta' && part.type === 'tool-call-delta' && last.call === part.call) {
    if (last.choice !== part.choice) return null;
    return isShort(last.arguments) ? { ...last, arguments: last.arguments + part.arguments } : null;
  }
  return null;
}

function isShort(text: string): boolean {
  return text.length < pieceCharacterCount;
}

/**
 * Pure: a part as it is given again. The tokens are counted as they were, all of the prompt's as cached; the times are
 * nothing, since no model ran.
 * @param similarity of the question that it was made for, where that was another one
 */
export function replayed(part: ChatPart, source: AnswerSource, similarity?: number): ChatPart {
  if (part.type === 'start') {
    const { predictedFirstTokenMs: _, ...rest } = part;
    const cachedTokenCount = part.promptTokenCount;
    return { ...rest, cachedTokenCount, source, ...(similarity === undefined ? {} : { similarity }) };
  }
  if (part.type !== 'finish') return part;
  const { usage } = part;
  return { ...part, usage: { ...usage, cachedTokenCount: usage.promptTokenCount }, timings: nothing };
}

import type { AnswerSource, ChatPart, Timings } from '../chat/part.ts';
import type { PassingPart } from './passing-answer.ts';

/** Text of several deltas goes together up to this many characters: a replayed stream is still one of pieces. */
const pieceCharacterCount = 200;

const nothing: Timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };

/** Pure: an answer as it is kept: deltas of one kind that follow each other joined. */
export function compact<Part extends ChatPart | PassingPart>(parts: readonly Part[]): readonly Part[] {
  const kept: Part[] = [];
  for (const part of parts) {
    const joined = join(kept.at(-1), part);
    if (joined === null) kept.push(part);
    // Two deltas make one, which every kind of parts has.
    else kept[kept.length - 1] = joined as Part;
  }
  return kept;
}

/** `null`: they stay apart. */
function join(last: ChatPart | PassingPart | undefined, part: ChatPart | PassingPart): ChatPart | null {
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
 * nothing, since no model ran, and so is what an upstream's answer took to make: nobody was asked, nothing was written
 * into a provider's cache, and no prompt went there.
 * @param similarity of the question that it was made for, where that was another one
 */
export function replayed(part: ChatPart, source: AnswerSource, similarity?: number): ChatPart {
  const again = replayedPassing(part, source, similarity);
  return again.type === 'finish' ? { ...again, timings: nothing } : again;
}

/** Pure: the same of what passing bytes say. */
export function replayedPassing<Part extends ChatPart | PassingPart>(
  part: Part,
  source: AnswerSource,
  similarity?: number,
): Part {
  if (part.type === 'start') {
    const { predictedFirstTokenMs: _, delivery: _delivery, prefix: _prefix, ...rest } = part;
    const cachedTokenCount = part.promptTokenCount;
    return { ...rest, cachedTokenCount, source, ...(similarity === undefined ? {} : { similarity }) } as Part;
  }
  if (part.type !== 'finish') return part;
  const { cacheWriteTokenCount: _write, longCacheWriteTokenCount: _long, ...usage } = part.usage;
  return { ...part, usage: { ...usage, cachedTokenCount: usage.promptTokenCount } };
}

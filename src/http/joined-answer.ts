import { toNearfarError } from '../chat/error.ts';
import type { ContextOverflow } from '../chat/overflow.ts';
import type { ChatPart, Timings, Usage } from '../chat/part.ts';

type Finish = Extract<ChatPart, { type: 'finish' }>;

/**
 * Several answers as one, for requests that carry a list of prompts: choice `c` of answer `a` becomes choice
 * `a * choiceCount + c`, usage is summed, the first error ends all.
 * @param choiceCount choices of each answer
 * @param abortAll called at the first error, so that the others stop
 */
export async function* joinAnswers(
  answers: readonly AsyncIterable<ChatPart>[],
  choiceCount: number,
  abortAll: () => void,
): AsyncGenerator<ChatPart, void, undefined> {
  const iterators = answers.map((answer) => answer[Symbol.asyncIterator]());
  const pending = new Map(iterators.map((_, index) => [index, take(iterators, index)]));
  const finishes: Finish[] = [];
  let hasStarted = false;
  try {
    while (pending.size > 0) {
      const { index, part } = await Promise.race(pending.values());
      if (part.type === 'error') {
        abortAll();
        yield part;
        return;
      }
      if (part.type === 'finish') {
        pending.delete(index);
        finishes.push(part);
        continue;
      }
      pending.set(index, take(iterators, index));
      if (part.type === 'start') {
        if (!hasStarted) yield part;
        hasStarted = true;
      } else {
        yield { ...part, choice: index * choiceCount + part.choice };
      }
    }
    yield { type: 'finish', usage: sumUsage(finishes), timings: longestTimings(finishes) };
  } finally {
    for (const iterator of iterators) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

async function take(
  iterators: readonly AsyncIterator<ChatPart>[],
  index: number,
): Promise<{ index: number; part: ChatPart }> {
  try {
    const next = await iterators[index]?.next();
    if (next === undefined || next.done === true) throw new Error('An answer broke off without an end.');
    return { index, part: next.value };
  } catch (thrown) {
    return { index, part: { type: 'error', error: toNearfarError(thrown) } };
  }
}

function sumUsage(finishes: readonly Finish[]): Usage {
  let promptTokenCount = 0;
  let cachedTokenCount = 0;
  let completionTokenCount = 0;
  for (const { usage } of finishes) {
    promptTokenCount += usage.promptTokenCount;
    cachedTokenCount += usage.cachedTokenCount;
    completionTokenCount += usage.completionTokenCount;
  }
  const reasoning = finishes.flatMap(({ usage }) => usage.reasoningTokenCount ?? []);
  return {
    promptTokenCount,
    cachedTokenCount,
    completionTokenCount,
    ...(reasoning.length === 0
      ? {}
      : { reasoningTokenCount: reasoning.reduce((sum, count) => sum + count, 0) }),
    ...sumOverflow(finishes),
  };
}

function sumOverflow(finishes: readonly Finish[]): Pick<Usage, 'overflow'> {
  const all = finishes.flatMap(({ usage }) => usage.overflow ?? []);
  const [first] = all;
  if (first === undefined) return {};
  const sum = (read: (one: ContextOverflow) => number): number =>
    all.reduce((total, one) => total + read(one), 0);
  return {
    overflow: {
      policy: first.policy,
      omittedTokenCount: sum((one) => one.omittedTokenCount),
      omittedMessageCount: sum((one) => one.omittedMessageCount),
    },
  };
}

/** They ran side by side, so the longest of each counts; drafted tokens are summed. */
function longestTimings(finishes: readonly Finish[]): Timings {
  const longest = (read: (timings: Timings) => number): number =>
    finishes.reduce((most, { timings }) => Math.max(most, read(timings)), 0);
  const sum = (read: (timings: Timings) => number | undefined): number =>
    finishes.reduce((total, { timings }) => total + (read(timings) ?? 0), 0);
  const draftedTokenCount = sum((timings) => timings.draftedTokenCount);
  const acceptedTokenCount = sum((timings) => timings.acceptedTokenCount);
  // By time: what all would have taken without drafts over what they took.
  const decodeMs = sum((timings) => timings.decodeMs);
  const undraftedMs = sum((timings) => timings.decodeMs * (timings.draftGain ?? 1));
  const draftGain = decodeMs > 0 ? undraftedMs / decodeMs : 1;
  return {
    queueMs: longest((timings) => timings.queueMs),
    prefillMs: longest((timings) => timings.prefillMs),
    decodeMs: longest((timings) => timings.decodeMs),
    totalMs: longest((timings) => timings.totalMs),
    ...(draftedTokenCount > 0 && { draftedTokenCount, acceptedTokenCount, draftGain }),
  };
}

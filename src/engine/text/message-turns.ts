import type { Message } from '../../chat/request.ts';

/** A conversation in parts that may be left out one by one. */
export interface Turns {
  /** The system texts that it begins with. */
  readonly head: readonly Message[];
  /** From a user's message to before the next one, so that roles still alternate when one is left out. */
  readonly turns: readonly (readonly Message[])[];
}

/** Splits a conversation; a tool's result is always in one turn with its call. */
export function turnsOf(messages: readonly Message[]): Turns {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const end = first === -1 ? messages.length : first;
  const turns: Message[][] = [];
  messages.slice(end).forEach((message, index, rest) => {
    const begins =
      (message.role === 'user' || message.role === 'system') && rest[index - 1]?.role !== 'system';
    const last = turns.at(-1);
    if (begins || last === undefined) turns.push([message]);
    else last.push(message);
  });
  return { head: messages.slice(0, end), turns: withCallsWhole(turns) };
}

/** The parts of one turn: what was asked, then each answer of the model with the results of its calls. */
export interface Exchange {
  readonly opening: readonly Message[];
  readonly steps: readonly (readonly Message[])[];
}

export function exchangeOf(turn: readonly Message[]): Exchange {
  const first = turn.findIndex(({ role }) => role === 'assistant');
  if (first === -1) return { opening: turn, steps: [] };
  const steps: Message[][] = [];
  for (const message of turn.slice(first)) {
    if (message.role === 'assistant') steps.push([message]);
    else steps.at(-1)?.push(message);
  }
  return { opening: turn.slice(0, first), steps: withCallsWhole(steps) };
}

/** Joins groups where a result would be parted from its call. */
function withCallsWhole(groups: readonly (readonly Message[])[]): readonly (readonly Message[])[] {
  const whole: Message[][] = [];
  /** By call, the group that it stands in. */
  const calls = new Map<string, number>();
  for (const group of groups) {
    whole.push([...group]);
    let at = whole.length - 1;
    for (const message of group) {
      const from = message.role === 'tool' ? (calls.get(message.toolCallId) ?? at) : at;
      if (from < at) {
        const joined = whole.splice(from).flat();
        whole.push(joined);
        for (const [id, place] of calls) if (place > from) calls.set(id, from);
        at = from;
      }
      if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) calls.set(id, at);
    }
  }
  return whole;
}

import type { Message } from '../../chat/request.ts';

/** Between texts that become one message. */
const separator = '\n\n';

/** Moves each system text to the front of the next user turn, for templates that know no system role. */
export function foldSystem(messages: readonly Message[]): readonly Message[] {
  if (!messages.some((message) => message.role === 'system')) return messages;
  const folded: Message[] = [];
  let waiting: string[] = [];
  for (const message of messages) {
    if (message.role === 'system') {
      waiting.push(message.content);
    } else if (message.role === 'user' && waiting.length > 0) {
      folded.push({ role: 'user', content: [...waiting, message.content].join(separator) });
      waiting = [];
    } else {
      folded.push(message);
    }
  }
  if (waiting.length > 0) folded.push({ role: 'user', content: waiting.join(separator) });
  return folded;
}

/** Joins neighbours of the same role, for templates that insist on alternating turns. Calls and results stay apart. */
export function mergeNeighbours(messages: readonly Message[]): readonly Message[] {
  const merged: Message[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last !== undefined && last.role === message.role && onlySpeaks(last) && onlySpeaks(message)) {
      merged[merged.length - 1] = { ...last, content: last.content + separator + message.content };
    } else {
      merged.push(message);
    }
  }
  return merged;
}

function onlySpeaks(message: Message): boolean {
  if (message.role === 'tool') return false;
  return message.role !== 'assistant' || (message.toolCalls === undefined && message.reasoning === undefined);
}

/**
 * Gives each call a message of its own, with its result behind it, for templates that know one call a turn (Llama 3).
 */
export function separateCalls(messages: readonly Message[]): readonly Message[] {
  const results = new Map(
    messages.flatMap((message) => (message.role === 'tool' ? [[message.toolCallId, message]] : [])),
  );
  const moved = new Set<Message>();
  return messages.flatMap((message): readonly Message[] => {
    if (moved.has(message)) return [];
    if (message.role !== 'assistant' || message.toolCalls === undefined || message.toolCalls.length < 2) {
      return [message];
    }
    return message.toolCalls.flatMap((call, index): readonly Message[] => {
      const result = results.get(call.id);
      if (result !== undefined) moved.add(result);
      const asking: Message = { ...message, content: index === 0 ? message.content : '', toolCalls: [call] };
      return result === undefined ? [asking] : [asking, result];
    });
  });
}

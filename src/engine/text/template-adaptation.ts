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

/** Joins neighbours of the same role, for templates that insist on alternating turns. */
export function mergeNeighbours(messages: readonly Message[]): readonly Message[] {
  const merged: Message[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last?.role === message.role) {
      merged[merged.length - 1] = { role: last.role, content: last.content + separator + message.content };
    } else {
      merged.push(message);
    }
  }
  return merged;
}

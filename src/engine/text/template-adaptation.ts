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
 * Puts what the user says right behind results of tools into the last of these, for templates that let only the
 * assistant speak there (Mistral).
 */
export function joinToResults(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (message.role === 'user' && last?.role === 'tool') {
      joined[joined.length - 1] = { ...last, content: last.content + separator + message.content };
    } else joined.push(message);
  }
  return joined;
}

/**
 * Gives each call a message of its own, with its result behind it, for templates that know one call a turn (Llama 3).
 * Ids need not be unique in a conversation: some count anew with every turn. A result belongs to the calls right before it.
 */
export function separateCalls(messages: readonly Message[]): readonly Message[] {
  const separate: Message[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as Message;
    if (message.role !== 'assistant' || message.toolCalls === undefined || message.toolCalls.length < 2) {
      separate.push(message);
      continue;
    }
    const results: Message[] = [];
    for (let next = messages[index + 1]; next?.role === 'tool'; next = messages[index + 1]) {
      results.push(next);
      index++;
    }
    const { reasoning: _, ...silent } = message;
    for (const [place, call] of message.toolCalls.entries()) {
      separate.push(
        place === 0 ? { ...message, toolCalls: [call] } : { ...silent, content: '', toolCalls: [call] },
      );
      const own = results.findIndex((result) => result.role === 'tool' && result.toolCallId === call.id);
      if (own >= 0) separate.push(...results.splice(own, 1));
    }
    separate.push(...results);
  }
  return separate;
}

import type { ChatPart } from '../../chat/part.ts';
import type { RedactionBook } from './redaction-book.ts';
import {
  createTextRestorer,
  restoredName,
  restoredText,
  type RestoreMode,
  type TextRestorer,
} from './restore-text.ts';

type Channel = 'text-delta' | 'reasoning-delta' | 'tool-call-delta';

/** What of a choice may be held back: text, thoughts or a call's arguments, one at a time. */
interface Open {
  readonly channel: Channel;
  readonly call: number;
  readonly restorer: TextRestorer;
}

/**
 * The parts of an answer to a redacted request, as if it had been asked with the original. Token probabilities are dropped: the
 * tokens of a placeholder are not those of what it stands for.
 * @param isJson whether the text must be JSON: what is put into it is escaped then
 */
export async function* restoredParts(
  parts: AsyncIterable<ChatPart>,
  book: RedactionBook,
  isJson: boolean,
): AsyncGenerator<ChatPart, void, undefined> {
  const open = new Map<number, Open>();

  function restorerOf(
    choice: number,
    channel: Channel,
    call: number,
  ): { restorer: TextRestorer; rest: ChatPart[] } {
    const current = open.get(choice);
    if (current?.channel === channel && current.call === call)
      return { restorer: current.restorer, rest: [] };
    const rest = close(choice);
    const mode: RestoreMode =
      channel === 'tool-call-delta' || (channel === 'text-delta' && isJson) ? 'json' : 'text';
    const restorer = createTextRestorer(book, mode);
    open.set(choice, { channel, call, restorer });
    return { restorer, rest };
  }

  function close(choice: number): ChatPart[] {
    const current = open.get(choice);
    if (current === undefined) return [];
    open.delete(choice);
    return delta(current.channel, choice, current.call, current.restorer.flush());
  }

  for await (const part of parts) {
    switch (part.type) {
      case 'text-delta':
      case 'reasoning-delta': {
        const { restorer, rest } = restorerOf(part.choice, part.type, 0);
        yield* rest;
        yield* delta(part.type, part.choice, 0, restorer.push(part.text));
        break;
      }
      case 'tool-call-start':
        yield* close(part.choice);
        yield { ...part, name: restoredName(book, part.name) };
        break;
      case 'tool-call-delta': {
        const { restorer, rest } = restorerOf(part.choice, part.type, part.call);
        yield* rest;
        yield* delta(part.type, part.choice, part.call, restorer.push(part.arguments));
        break;
      }
      case 'tool-call-end':
        yield* close(part.choice);
        yield part;
        break;
      case 'choice-end': {
        yield* close(part.choice);
        const { stopSequence } = part;
        yield stopSequence === undefined ? part : { ...part, stopSequence: restoredText(book, stopSequence) };
        break;
      }
      case 'finish':
      case 'error':
        for (const choice of [...open.keys()]) yield* close(choice);
        yield part;
        break;
      case 'start':
        yield part;
        break;
    }
  }
}

function delta(channel: Channel, choice: number, call: number, text: string): ChatPart[] {
  if (text === '') return [];
  return channel === 'tool-call-delta'
    ? [{ type: channel, choice, call, arguments: text }]
    : [{ type: channel, choice, text }];
}

import type { ToolUse } from '../../chat/tool.ts';
import { readArgumentObject } from './call-object.ts';
import { CharacterSource, type Reading } from './character-source.ts';
import { oneOf } from './frame-reading.ts';
import { harmonyWords, recipientPrefix, type HarmonyWord } from './harmony.ts';
import type { ReplyEvent, ReplyParser } from './reply-parser.ts';

export interface HarmonySetup {
  /** Null: no call is looked for. */
  readonly toolUse: ToolUse | null;
  /** True where the prompt ends inside a message to the user: an answer that is continued. */
  readonly beginsInMessage: boolean;
  /** As in ReplyParserSetup. */
  readonly isEnforced: () => boolean;
}

/** Between two messages of one kind. */
const gap = '\n\n';

/**
 * Reads the messages of an answer: those of the channel `analysis` are reasoning, those to a tool of this request are calls,
 * all others are text, the preambles in `commentary` too. What goes to a tool that nobody offered, or is no JSON object, is
 * text as it stands.
 */
export function createHarmonyParser({ toolUse, beginsInMessage, isEnforced }: HarmonySetup): ReplyParser {
  const names = new Set(toolUse?.tools.map((tool) => tool.name));
  const events: ReplyEvent[] = [];
  const said = { text: false, reasoning: false };
  const source = new CharacterSource();
  let isReasoning = false;
  let callCount = 0;

  function give(event: ReplyEvent): void {
    const last = events.at(-1);
    if ('text' in event && last !== undefined && 'text' in last && last.type === event.type)
      events[events.length - 1] = { type: event.type, text: last.text + event.text };
    else events.push(event);
  }

  /** @param isNew whether it is the first of a message */
  function say(type: 'text' | 'reasoning', text: string, isNew: boolean): void {
    if (text === '') return;
    give({ type, text: isNew && said[type] ? gap + text : text });
    said[type] = true;
  }

  /** The body of a message that is said, up to the word that ends it; null: the answer is over. */
  function* readSaid(type: 'text' | 'reasoning', head: string): Reading<HarmonyWord | null> {
    let isNew = true;
    const add = (text: string): void => {
      say(type, text, isNew);
      if (text !== '') isNew = false;
    };
    add(head);
    for (;;) {
      const found = yield* oneOf(source, harmonyWords);
      if (found.word !== null) return found.word;
      add(found.taken);
      // The beginning of a word that came to nothing; what follows may begin another.
      if (found.taken !== '') continue;
      const character = yield* source.take();
      if (character === null) return null;
      add(character);
    }
  }

  /** The rest of a header behind its first word. `raw` is all of it; it ends with `<|message|>` unless the answer is over. */
  function* readHeader(first: string): Reading<{ raw: string; isWhole: boolean }> {
    let raw = first;
    for (;;) {
      const found = yield* oneOf(source, harmonyWords);
      if (found.word !== null) {
        raw += found.word;
        if (found.word === '<|message|>') return { raw, isWhole: true };
        continue;
      }
      raw += found.taken;
      if (found.taken !== '') continue;
      const character = yield* source.take();
      if (character === null) return { raw, isWhole: false };
      raw += character;
    }
  }

  /** The arguments of a call; what was read is text where they are no object. */
  function* readCall(name: string, header: string): Reading<HarmonyWord | null> {
    const isCertain = isEnforced();
    let raw = '';
    let held = '';
    if (isCertain) give({ type: 'call', name });
    source.tap = (character) => (raw += character);
    yield* source.space();
    const isRead = yield* readArgumentObject(source, (text) => {
      raw += text;
      if (isCertain) give({ type: 'arguments', text });
      else held += text;
    });
    source.tap = null;
    // A call that went out and should have been kept right by its grammar stays cut short.
    if (!isRead) return isCertain ? yield* readSaid('text', '') : yield* readSaid('text', header + raw);
    if (!isCertain) {
      give({ type: 'call', name });
      give({ type: 'arguments', text: held });
    }
    give({ type: 'call-end' });
    callCount += 1;
    yield* source.space();
    return yield* readSaid('text', '');
  }

  function mayCall(name: string): boolean {
    return names.has(name) && (callCount === 0 || toolUse?.allowsParallel === true);
  }

  function* readMessage(first: string): Reading<HarmonyWord | null> {
    const { raw, isWhole } = yield* readHeader(first);
    const recipient = / to=([^\s<]+)/.exec(raw)?.[1];
    const isCall = recipient?.startsWith(recipientPrefix) === true;
    if (!isWhole) {
      // An answer that ends in a header has said nothing in it; one that knows no headers has said all.
      if (!raw.includes('<|')) say('text', raw, true);
      return null;
    }
    if (recipient !== undefined && recipient !== 'user') {
      const name = recipient.slice(recipientPrefix.length);
      if (isCall && mayCall(name)) return yield* readCall(name, raw);
      return yield* readSaid('text', raw);
    }
    isReasoning = /<\|channel\|>\s*analysis/.test(raw);
    const last = yield* readSaid(isReasoning ? 'reasoning' : 'text', '');
    isReasoning = false;
    return last;
  }

  /** A form that is asked for, or a model that forgot itself, may begin without a header. */
  function* beginsWithHeader(): Reading<boolean> {
    const first = yield* source.peek();
    return first === '<' || first === ' ' || first === null;
  }

  function* readReply(): Reading<void> {
    let word: HarmonyWord | null = '<|end|>';
    if (beginsInMessage || !(yield* beginsWithHeader())) word = yield* readSaid('text', '');
    while (word !== null) {
      // A word that opens a header is the first of it; one that closes a message stands before the next.
      const opens = word === '<|start|>' || word === '<|channel|>' || word === '<|constrain|>';
      word = word === '<|message|>' ? yield* readSaid('text', '') : yield* readMessage(opens ? word : '');
    }
  }

  const reading = readReply();
  reading.next();

  return {
    push(text) {
      for (let index = 0; index < text.length; index++) reading.next(text[index] ?? null);
      return events.splice(0);
    },
    flush() {
      reading.next(null);
      return events.splice(0);
    },
    get isReasoning() {
      return isReasoning;
    },
    knowsReasoning: true,
    get callCount() {
      return callCount;
    },
  };
}

import type { ToolUse } from '../../chat/tool.ts';
import { callFrames } from './call-frame.ts';
import { CharacterSource, isSpace, type Reading } from './character-source.ts';
import type { CallFrame } from './frame-reading.ts';
import { createReasoningSplitter, type ReasoningTags, type SplitText } from './reasoning-splitter.ts';
import type { ToolFamily } from './tool-family.ts';

/** What a piece of an answer turned out to be. */
export type ReplyEvent =
  | { readonly type: 'text' | 'reasoning' | 'arguments'; readonly text: string }
  | { readonly type: 'call'; readonly name: string }
  | { readonly type: 'call-end' };

export interface ReplyParser {
  /** What is certain by now. Whole characters only. */
  push(text: string): readonly ReplyEvent[];
  /** The answer is over: what was held back. */
  flush(): readonly ReplyEvent[];
  readonly isReasoning: boolean;
  /** Whether reasoning would be found. */
  readonly knowsReasoning: boolean;
  /** Whole calls so far. */
  readonly callCount: number;
}

export interface ReplyParserSetup {
  /** Null: no call is looked for. */
  readonly toolUse: ToolUse | null;
  readonly family: ToolFamily;
  /** Null: the model's template knows no reasoning. */
  readonly reasoning: ReasoningTags | null;
  /** True where the prompt ends inside the reasoning. */
  readonly beginsReasoning: boolean;
  /**
   * Asked at the beginning of a call: whether a grammar holds by now, so that the call can only be right and its
   * arguments go out as they come. Else it is held until it is whole, because it may turn out to be text.
   */
  readonly isEnforced: () => boolean;
}

/**
 * Splits an answer into reasoning, text and calls, as it comes; how it was cut into pieces makes no difference. What
 * looks like a call and is none (malformed, cut short, of an unknown tool) is text, as it stands. White space between
 * a call and what surrounds it is dropped, all other text is kept.
 */
export function createReplyParser(setup: ReplyParserSetup): ReplyParser {
  const events: ReplyEvent[] = [];
  const splitter =
    setup.reasoning === null ? null : createReasoningSplitter(setup.reasoning, setup.beginsReasoning);
  const calls = setup.toolUse === null ? null : createCallParser(setup.toolUse, setup, give);

  /** Neighbours of one kind are one event. */
  function give(event: ReplyEvent): void {
    const last = events.at(-1);
    if ('text' in event) {
      if (event.text === '') return;
      if (last !== undefined && 'text' in last && last.type === event.type) {
        events[events.length - 1] = { type: event.type, text: last.text + event.text };
        return;
      }
    }
    events.push(event);
  }

  function speak(text: string): void {
    if (calls === null) give({ type: 'text', text });
    else calls.push(text);
  }

  function take({ reasoning, spoken }: SplitText): void {
    give({ type: 'reasoning', text: reasoning });
    speak(spoken);
  }

  return {
    push(text) {
      if (splitter === null) speak(text);
      else take(splitter.push(text));
      return events.splice(0);
    },
    flush() {
      if (splitter !== null) take(splitter.flush());
      calls?.flush();
      return events.splice(0);
    },
    get isReasoning() {
      return splitter?.isReasoning ?? false;
    },
    knowsReasoning: splitter !== null,
    get callCount() {
      return calls?.callCount ?? 0;
    },
  };
}

interface CallParser {
  push(text: string): void;
  flush(): void;
  readonly callCount: number;
}

/** A frame that is being read. */
interface OpenFrame {
  readonly source: CharacterSource;
  readonly reading: Reading<string | null>;
  /** What was read since the last whole call of this frame: text, should it be no call. */
  raw: string;
  /** Whether the call under way can only be right. */
  isEnforced: boolean;
}

function createCallParser(
  toolUse: ToolUse,
  { family, isEnforced }: ReplyParserSetup,
  give: (event: ReplyEvent) => void,
): CallParser {
  const names = new Set(toolUse.tools.map((tool) => tool.name));
  const frames = callFrames[family];
  let callCount = 0;
  /** Since the beginning, or since the last call. */
  let hasText = false;
  let open: OpenFrame | null = null;
  /** White space, and what may be the beginning of an opener. */
  let held = '';
  /** Events of a call that may still turn out to be text. */
  let waiting: ReplyEvent[] = [];
  /** True while a call that is certain has begun and not ended. */
  let isCalling = false;

  const sink = {
    knows: (name: string) => mayCall() && names.has(name),
    begin(name: string) {
      isCalling = isEnforced();
      if (open !== null) open.isEnforced = isCalling;
      record({ type: 'call', name });
    },
    argue(text: string) {
      record({ type: 'arguments', text });
    },
    complete() {
      for (const event of waiting.splice(0)) give(event);
      give({ type: 'call-end' });
      callCount += 1;
      isCalling = false;
      if (open !== null) open.raw = '';
    },
  };

  function record(event: ReplyEvent): void {
    if (open?.isEnforced === true) give(event);
    else waiting.push(event);
  }

  function mayCall(): boolean {
    return toolUse.allowsParallel || callCount === 0;
  }

  function candidates(): readonly CallFrame[] {
    if (!mayCall()) return [];
    return hasText ? frames.filter((frame) => !frame.isOnlyFirst) : frames;
  }

  function sayHeld(length: number): void {
    give({ type: 'text', text: held.slice(0, length) });
    held = held.slice(length);
  }

  /** Takes one character outside of frames; gives what an opened frame is to read. */
  function listen(character: string): string {
    held += character;
    for (;;) {
      const spaceLength = leadingSpace(held);
      const rest = held.slice(spaceLength);
      if (rest === '') return '';
      const frame = candidates().find(({ opener }) => rest.startsWith(opener));
      if (frame !== undefined) {
        const source = new CharacterSource();
        open = {
          source,
          reading: frame.read(source, sink),
          raw: '',
          isEnforced: false,
        };
        open.reading.next();
        // The space stays held: it is dropped with a call and said with a text.
        held = held.slice(0, spaceLength);
        return rest;
      }
      if (candidates().some(({ opener }) => opener.startsWith(rest))) return '';
      // The space after a call goes with it.
      if (!hasText && callCount > 0) held = rest;
      hasText = true;
      sayHeld(held.length - rest.length + 1);
    }
  }

  /**
   * Gives a frame one character, or the end.
   * @returns what is to be read again as text
   */
  function feed(frame: OpenFrame, character: string | null): string {
    frame.raw += character ?? '';
    const countBefore = callCount;
    const step = frame.reading.next(character);
    if (callCount > countBefore) {
      held = '';
      hasText = false;
    }
    if (step.done !== true) return '';
    open = null;
    waiting = [];
    if (step.value !== null) return step.value;
    if (isCalling) {
      // A call went out that its grammar should have kept right: it stays cut short, and what follows is text.
      isCalling = false;
      held = '';
      return frame.source.leftover;
    }
    // Not a call after all: its first character is text for certain, and the rest may hold another opener.
    let { raw } = frame;
    // The space after a call goes with it.
    if (!hasText && callCount > 0) {
      held = '';
      raw = raw.slice(leadingSpace(raw));
    }
    if (raw === '') return '';
    hasText = true;
    held += raw.slice(0, 1);
    sayHeld(held.length);
    return raw.slice(1);
  }

  function run(text: string): void {
    // A stack of texts still to be read, the next character on top.
    const todo: { text: string; index: number }[] = [{ text, index: 0 }];
    for (let top = todo.at(-1); top !== undefined; top = todo.at(-1)) {
      const character = top.text[top.index];
      if (character === undefined) {
        todo.pop();
        continue;
      }
      top.index += 1;
      const again = open === null ? listen(character) : feed(open, character);
      if (again !== '') todo.push({ text: again, index: 0 });
    }
  }

  return {
    push: run,
    flush() {
      while (open !== null) run(feed(open, null));
      if (callCount === 0 || held.trim() !== '') sayHeld(held.length);
      held = '';
    },
    get callCount() {
      return callCount;
    },
  };
}

function leadingSpace(text: string): number {
  let length = 0;
  while (length < text.length && isSpace(text[length] ?? '')) length += 1;
  return length;
}

import { isSpace } from './character-source.ts';
import { harmonyTags } from './harmony.ts';

/** What stands around a model's reasoning. */
export interface ReasoningTags {
  readonly open: string;
  readonly close: string;
  /** Between the closing tag and the answer. @default an empty line */
  readonly gap?: string;
  /**
   * What is written to end reasoning that has become too long, where calls may follow and where they may not.
   * @default the closing tag on a line of its own
   */
  readonly closing?: { readonly calling: string; readonly speaking: string };
  /** What a prompt ends with where no reasoning is wanted. @default the closing tag, where the prompt has opened it */
  readonly declined?: string;
  /** Tags around the answer behind the reasoning, which are no part of it. */
  readonly answer?: { readonly open: string; readonly close: string };
}

export const defaultGap = '\n\n';

/** The reasoning that an answer may begin with. */
export interface Thoughts {
  readonly tags: ReasoningTags;
  /** True where the prompt ends inside it. */
  readonly isUnderWay: boolean;
}

/** Reasoning of `tokenCount` tokens is closed by these tokens, whatever the model would go on to think. */
export interface ReasoningLimit {
  readonly tokenCount: number;
  readonly closing: readonly number[];
}

const think: ReasoningTags = { open: '<think>', close: '</think>' };

/** By a text that shows that a chat template has them; the first one counts. */
const knownTags: readonly (readonly [sign: string, tags: ReasoningTags])[] = [
  [harmonyTags.open, harmonyTags],
  // Granite 3.3 and 3.2.
  ['<response></response>', { ...think, answer: { open: '<response>', close: '</response>' } }],
  ['Here is my thought process:', { open: 'Here is my thought process:', close: 'Here is my response:' }],
  ['<think>', think],
  ['</think>', think],
  ['[THINK]', { open: '[THINK]', close: '[/THINK]' }],
];

/** The tags that a chat template names; null where it names none. */
export function reasoningTagsOf(template: string): ReasoningTags | null {
  return knownTags.find(([sign]) => template.includes(sign))?.[1] ?? null;
}

/** Whether a prompt ends inside the reasoning, because its template opened it. */
export function endsInReasoning(prompt: string, tags: ReasoningTags): boolean {
  return prompt.trimEnd().endsWith(tags.open);
}

export interface SplitText {
  readonly reasoning: string;
  readonly spoken: string;
}

export interface ReasoningSplitter {
  push(text: string): SplitText;
  /** What was held back at the end of the answer. */
  flush(): SplitText;
  readonly isReasoning: boolean;
}

/**
 * Takes the reasoning off the front of an answer. Tags further on are text: a model may write about them. White space
 * at the borders of the reasoning belongs to the tags.
 */
export function createReasoningSplitter(tags: ReasoningTags, beginsInside: boolean): ReasoningSplitter {
  let state = (beginsInside ? 'inside' : 'before') as 'before' | 'inside' | 'after' | 'answer' | 'spoken';
  let hasReasoned = false;
  let hasAnswered = false;
  let held = '';

  const isSpeaking = (): boolean => state === 'spoken';

  /** One character; what it makes certain. */
  function step(character: string): Partial<SplitText> {
    held += character;
    if (state === 'before') {
      const rest = held.trimStart();
      if (tags.open.startsWith(rest) && rest !== tags.open) return {};
      const spoken = held;
      held = '';
      state = rest === tags.open ? 'inside' : 'spoken';
      return state === 'inside' ? {} : { spoken };
    }
    if (state === 'after') {
      if (isSpace(character) && held.length === 1) {
        held = '';
        return {};
      }
      const opener = tags.answer?.open ?? '';
      if (opener.startsWith(held) && held !== opener) return {};
      state = held === opener ? 'answer' : 'spoken';
      const spoken = held;
      held = '';
      return state === 'answer' ? {} : { spoken };
    }
    return state === 'answer' ? answer() : reason();
  }

  /** Between the answer's own tags: gives all but trailing space and what may be the closing one. */
  function answer(): Partial<SplitText> {
    const close = tags.answer?.close ?? '';
    if (held.endsWith(close)) {
      const text = held.slice(0, -close.length).trimEnd();
      held = '';
      state = 'spoken';
      return { spoken: text };
    }
    if (!hasAnswered) held = held.trimStart();
    const kept = keptLength(held, close);
    const text = held.slice(0, held.length - kept);
    held = held.slice(held.length - kept);
    if (text === '') return {};
    hasAnswered = true;
    return { spoken: text };
  }

  /** Inside: gives all but trailing space and what may be the closing tag. */
  function reason(): Partial<SplitText> {
    if (held.endsWith(tags.close)) {
      const reasoning = held.slice(0, -tags.close.length).trimEnd();
      held = '';
      state = 'after';
      return { reasoning };
    }
    if (!hasReasoned) held = held.trimStart();
    const kept = keptLength(held, tags.close);
    const reasoning = held.slice(0, held.length - kept);
    held = held.slice(held.length - kept);
    if (reasoning !== '') hasReasoned = true;
    return { reasoning };
  }

  return {
    push(text) {
      if (state === 'spoken') return { reasoning: '', spoken: text };
      let reasoning = '';
      let spoken = '';
      for (let index = 0; index < text.length; index += 1) {
        const given = step(text[index] ?? '');
        reasoning += given.reasoning ?? '';
        spoken += given.spoken ?? '';
        // Once it speaks, the rest needs no look at each character.
        if (given.spoken !== undefined && isSpeaking())
          return { reasoning, spoken: spoken + text.slice(index + 1) };
      }
      return { reasoning, spoken };
    },
    flush() {
      const rest = held;
      held = '';
      if (state === 'inside') return { reasoning: rest.trimEnd(), spoken: '' };
      if (state === 'answer') return { reasoning: '', spoken: rest.trimEnd() };
      return { reasoning: '', spoken: rest };
    },
    get isReasoning() {
      return state === 'inside';
    },
  };
}

/** Length of the end that is white space, or may begin the closing tag, with the white space before that. */
function keptLength(text: string, close: string): number {
  let length = Math.min(text.length, close.length - 1);
  while (length > 0 && !close.startsWith(text.slice(text.length - length))) length -= 1;
  while (length < text.length && isSpace(text[text.length - 1 - length] ?? '')) length += 1;
  return length;
}

import { isSpace } from './character-source.ts';

/** What stands around a model's reasoning. */
export interface ReasoningTags {
  readonly open: string;
  readonly close: string;
}

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

const knownTags: readonly ReasoningTags[] = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
];

/** The tags that a chat template names; null where it names none. */
export function reasoningTagsOf(template: string): ReasoningTags | null {
  return knownTags.find(({ open, close }) => template.includes(open) || template.includes(close)) ?? null;
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
  let state: 'before' | 'inside' | 'after' | 'spoken' = beginsInside ? 'inside' : 'before';
  let hasReasoned = false;
  let held = '';

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
      if (isSpace(character)) {
        held = '';
        return {};
      }
      state = 'spoken';
      const spoken = held;
      held = '';
      return { spoken };
    }
    return reason();
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
        if (given.spoken !== undefined) return { reasoning, spoken: spoken + text.slice(index + 1) };
      }
      return { reasoning, spoken };
    },
    flush() {
      const rest = held;
      held = '';
      if (state === 'inside') return { reasoning: rest.trimEnd(), spoken: '' };
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

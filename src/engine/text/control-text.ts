import { randomInt } from 'node:crypto';
import type { Message } from '../../chat/request.ts';

/** What is needed to know the texts that a tokenizer may take for control tokens. */
export interface ControlVocabulary {
  readonly tokenCount: number;
  isControl(token: number): boolean;
  isEndOfGeneration(token: number): boolean;
  piece(token: number, special?: boolean): Uint8Array;
}

export type Segment =
  { readonly kind: 'token'; readonly token: number } | { readonly kind: 'text'; readonly text: string };

export interface ShieldedMessages {
  readonly messages: readonly Message[];
  /** Splits what the template made of them: its own control tokens, and plain text with the contents as sent. */
  readonly split: (rendered: string) => readonly Segment[];
}

/** The texts of a vocabulary's control tokens, such as `<|im_end|>`. */
export interface ControlTexts {
  readonly isIn: (text: string) => boolean;
  /**
   * Puts opaque marks where contents spell out a control token, so that after rendering the template's own control
   * tokens can be told from those that somebody wrote into a message.
   */
  shield(messages: readonly Message[]): ShieldedMessages;
}

/** Reads every token's type once: milliseconds, so do it when the model is loaded. */
export function createControlTexts(vocabulary: ControlVocabulary): ControlTexts {
  const decoder = new TextDecoder();
  const tokens = new Map<string, number>();
  for (let token = 0; token < vocabulary.tokenCount; token += 1) {
    if (!vocabulary.isControl(token) && !vocabulary.isEndOfGeneration(token)) continue;
    const text = decoder.decode(vocabulary.piece(token, true));
    if (text !== '' && !tokens.has(text)) tokens.set(text, token);
  }
  // Longest first, as llama.cpp looks for them.
  const alternatives = [...tokens.keys()].sort((left, right) => right.length - left.length);
  const pattern = alternatives.length === 0 ? '(?!)' : alternatives.map(escaped).join('|');
  const first = new RegExp(pattern);
  const every = new RegExp(pattern, 'g');

  function splitAtTokens(text: string, restore: (text: string) => string): Segment[] {
    const segments: Segment[] = [];
    let from = 0;
    const addText = (to: number): void => {
      if (to > from) segments.push({ kind: 'text', text: restore(text.slice(from, to)) });
    };
    for (const match of text.matchAll(every)) {
      addText(match.index);
      const token = tokens.get(match[0]);
      if (token !== undefined) segments.push({ kind: 'token', token });
      from = match.index + match[0].length;
    }
    addText(text.length);
    return segments;
  }

  return {
    isIn: (text) => first.test(text),
    shield(messages) {
      // Digits between private-use characters: nothing that a template trims, changes case of or looks for, and
      // nothing that a sender can guess.
      const nonce = `${randomInt(2 ** 47)}${randomInt(2 ** 47)}`;
      const hidden: string[] = [];
      const shielded = messages.map((message) => ({
        role: message.role,
        content: message.content.replace(every, (text) => {
          hidden.push(text);
          return `\uE000${nonce}\uE001${hidden.length - 1}\uE002`;
        }),
      }));
      const mark = new RegExp(`\uE000${nonce}\uE001(\\d+)\uE002`, 'g');
      const restore = (text: string): string =>
        text.replace(mark, (_mark, index: string) => hidden[Number(index)] ?? '');
      return { messages: shielded, split: (rendered) => splitAtTokens(rendered, restore) };
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

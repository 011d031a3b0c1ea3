import { randomInt } from 'node:crypto';
import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';

/** What is needed to know the texts that a tokenizer may take for control tokens. */
export interface ControlVocabulary {
  readonly tokenCount: number;
  isControl(token: number): boolean;
  isEndOfGeneration(token: number): boolean;
  piece(token: number, special?: boolean): Uint8Array;
}

export type Segment =
  { readonly kind: 'token'; readonly token: number } | { readonly kind: 'text'; readonly text: string };

export interface ShieldedConversation {
  readonly conversation: Conversation;
  /** Splits what the template made of them: its own control tokens, and plain text with the contents as sent. */
  readonly split: (rendered: string) => readonly Segment[];
}

/** The texts of a vocabulary's control tokens, such as `<|im_end|>`. */
export interface ControlTexts {
  readonly isIn: (text: string) => boolean;
  /** Whether anything that the client sent spells one. */
  readonly areIn: (conversation: Conversation) => boolean;
  /**
   * Puts opaque marks where contents, calls and tools spell out a control token, so that after rendering the template's own control
   * tokens can be told from those that somebody wrote into a message.
   */
  shield(conversation: Conversation): ShieldedConversation;
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
    areIn(conversation) {
      let found = false;
      mapTexts(conversation, (text) => {
        found ||= first.test(text);
        return text;
      });
      return found;
    },
    shield(conversation) {
      // Digits between private-use characters: nothing that a template trims, changes case of or looks for, and
      // nothing that a sender can guess.
      const nonce = `${randomInt(2 ** 47)}${randomInt(2 ** 47)}`;
      const hidden: string[] = [];
      const shielded = mapTexts(conversation, (text) =>
        text.replace(every, (spelling) => {
          hidden.push(spelling);
          return `\uE000${nonce}\uE001${hidden.length - 1}\uE002`;
        }),
      );
      const mark = new RegExp(`\uE000${nonce}\uE001(\\d+)\uE002`, 'g');
      const restore = (text: string): string =>
        text.replace(mark, (_mark, index: string) => hidden[Number(index)] ?? '');
      return { conversation: shielded, split: (rendered) => splitAtTokens(rendered, restore) };
    },
  };
}

/** The conversation with every text of the client's changed: contents, reasoning, calls, tools. */
function mapTexts(conversation: Conversation, change: (text: string) => string): Conversation {
  const { messages, toolUse } = conversation;
  return {
    ...conversation,
    messages: messages.map((message) => mapMessage(message, change)),
    ...(toolUse === undefined ? {} : { toolUse: mapTools(toolUse, change) }),
  };
}

function mapMessage(message: Message, change: (text: string) => string): Message {
  const content = change(message.content);
  if (message.role === 'tool') return { ...message, content, name: change(message.name) };
  if (message.role !== 'assistant') return { ...message, content };
  const { reasoning, toolCalls } = message;
  return {
    ...message,
    content,
    ...(reasoning === undefined ? {} : { reasoning: change(reasoning) }),
    ...(toolCalls === undefined
      ? {}
      : {
          toolCalls: toolCalls.map((call) => ({
            ...call,
            name: change(call.name),
            arguments: change(call.arguments),
          })),
        }),
  };
}

function mapTools(toolUse: ToolUse, change: (text: string) => string): ToolUse {
  const tools = toolUse.tools.map((tool) => ({
    ...tool,
    name: change(tool.name),
    description: change(tool.description),
    parameters: mapObject(tool.parameters, change),
  }));
  return { ...toolUse, tools };
}

function mapObject(
  value: Readonly<Record<string, unknown>>,
  change: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [change(key), mapValue(inner, change)]),
  );
}

function mapValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapValue(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return mapObject(value as Readonly<Record<string, unknown>>, change);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

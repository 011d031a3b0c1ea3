import { controlMark } from '../grammar/gbnf.ts';
import type { CompiledGrammar } from '../grammar/grammar-part.ts';
import type { ReasoningTags } from './reasoning-splitter.ts';
import type { Writing } from './writing.ts';

/**
 * Harmony, the format of GPT-OSS (openai/harmony, docs/format.md): an answer is messages with a header each, such as
 * `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>`, and a call is one that
 * goes to a tool: `<|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>`. The
 * recipient may stand before the channel instead. All words are control tokens; the prompt ends with `<|start|>assistant`.
 */
export const harmonyWords = [
  '<|start|>',
  '<|channel|>',
  '<|constrain|>',
  '<|message|>',
  '<|end|>',
  '<|call|>',
  '<|return|>',
] as const;
export type HarmonyWord = (typeof harmonyWords)[number];

const nextMessage = '<|start|>assistant';

export const harmonyTags: ReasoningTags = {
  open: '<|channel|>analysis<|message|>',
  close: '<|end|>',
  gap: nextMessage,
  closing: { calling: `<|end|>${nextMessage}`, speaking: `<|end|>${nextMessage}<|channel|>final<|message|>` },
  declined: `<|channel|>analysis<|message|><|end|>${nextMessage}`,
};

export const recipientPrefix = 'functions.';

/** One call an answer: the word behind its arguments ends the generation. */
export const harmonyWriting: Writing = {
  before: (name) => `<|channel|>commentary to=${recipientPrefix}${name} <|constrain|>json<|message|>`,
  after: '',
  separator: null,
  open: '',
  close: '',
  triggers: [` to=${recipientPrefix}`],
  openers: [],
  mark: null,
  behindTrigger: (name) =>
    [
      '',
      ' json',
      ' <|constrain|>json',
      '<|channel|>commentary',
      '<|channel|>commentary json',
      '<|channel|>commentary <|constrain|>json',
    ].map((rest) => ` to=${recipientPrefix}${name}${rest}<|message|>`),
};

/**
 * The grammar of an answer's form with the header of the message that it is, and thoughts before it where they may come.
 * @param form see CompiledGrammar; a grammar without triggers
 */
export function harmonyForm(form: CompiledGrammar, mayThink: boolean): CompiledGrammar {
  const channel = controlMark('<|channel|>');
  const message = controlMark('<|message|>');
  const next = `${controlMark('<|start|>')} "assistant"`;
  // Control tokens are no text, so that the thoughts end where one is written.
  const thoughts = `${channel} "analysis" ${message} [\\x00-\\U0010FFFF]* ${controlMark('<|end|>')} ${next}`;
  // Behind thoughts that something else has followed, the grammar begins anew with the next message.
  const head = `(${next})? ${mayThink ? `(${thoughts})? ` : ''}${channel} "final" ${message}`;
  const root = `root ::= ${head} harmony-form`;
  return { ...form, text: `${root}\n${form.text.replace(/^root ::=/m, 'harmony-form ::=')}` };
}

import type { ChatInput } from '../../chat/request.ts';
import { callFrames } from './call-frame.ts';
import { deepseekWords } from './deepseek.ts';
import { createHarmonyParser } from './harmony-parser.ts';
import { harmonyForm, harmonyWords } from './harmony.ts';
import { phiWords } from './phi.ts';
import {
  endsInReasoning,
  reasoningTagsOf,
  type ReasoningLimit,
  type ReasoningTags,
  type Thoughts,
} from './reasoning-splitter.ts';
import { createReplyParser, type ReplyParser } from './reply-parser.ts';
import type { ToolFamily } from './tool-family.ts';
import type { ToolGrammar } from './tool-grammar.ts';
import { createToolGrammars } from './tool-grammars.ts';
import type { CompiledGrammar } from '../grammar/grammar-part.ts';

/** What reading answers needs of a vocabulary. */
export interface ReplyVocabulary {
  isControl(token: number): boolean;
  /** @param special true: control tokens have a text, too */
  piece(token: number, special?: boolean): Uint8Array;
  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Int32Array;
}

/** How the answers of one model are read. */
export interface ReplyReading {
  /** What an answer may begin with before it has to keep to a form or to call; null where the model does not reason. */
  thoughtsOf(input: ChatInput, promptTokens: readonly number[]): Thoughts | null;
  /** How long the reasoning may become; null where nobody said. */
  reasoningLimitOf(input: ChatInput): ReasoningLimit | null;
  /** A token's bytes in an answer: control tokens have none, but for those that are a part of the model's syntax. */
  piece(token: number): Uint8Array;
  /** The grammar of an answer's form, with what the model's syntax puts before the answer. */
  formOf(grammar: CompiledGrammar, input: ChatInput): CompiledGrammar;
  /** For one choice; null where all of it will be text. */
  createParser(
    input: ChatInput,
    promptTokens: readonly number[],
    isEnforced: () => boolean,
  ): ReplyParser | null;
  /**
   * What the answer must keep to for its tools; null where there are none.
   * @throws NearfarError where a tool's schema cannot be enforced
   */
  grammarOf(input: ChatInput, promptTokens: readonly number[]): Promise<ToolGrammar | null>;
}

/** Tokens at the end of a prompt that are looked at for an open tag. */
const tailLength = 12;

/** @param template the model's chat template */
export function createReplyReading(
  template: string,
  vocabulary: ReplyVocabulary,
  family: ToolFamily,
): ReplyReading {
  const reasoning = reasoningTagsOf(template);
  const spoken = spokenTokens(vocabulary, family, reasoning);
  const grammars = createToolGrammars();
  const decoder = new TextDecoder();

  function tailOf(promptTokens: readonly number[]): string {
    const bytes = promptTokens.slice(-tailLength).map((token) => vocabulary.piece(token, true));
    return decoder.decode(Buffer.concat(bytes));
  }

  function closingTokens({ close, closing }: ReasoningTags, mayCall: boolean): readonly number[] {
    const text = mayCall ? closing?.calling : closing?.speaking;
    return [...vocabulary.tokenize(text ?? `\n${close}\n\n`, { addSpecial: false, parseSpecial: true })];
  }

  /** Whether the prompt ends in the text of a message, to be continued: its last word of the syntax tells. */
  function endsInMessage(promptTokens: readonly number[]): boolean {
    const last = promptTokens.findLast((token) => spoken.has(token));
    return last !== undefined && spoken.get(last) === '<|message|>';
  }

  function isInReasoning(promptTokens: readonly number[]): boolean {
    return reasoning !== null && endsInReasoning(tailOf(promptTokens), reasoning);
  }

  return {
    thoughtsOf: (input, promptTokens) =>
      reasoning === null || input.kind !== 'chat'
        ? null
        : { tags: reasoning, isUnderWay: isInReasoning(promptTokens) },
    reasoningLimitOf(input) {
      const tokenCount = input.kind === 'chat' ? input.reasoning?.budgetTokenCount : undefined;
      return tokenCount === undefined || reasoning === null
        ? null
        : {
            tokenCount,
            closing: closingTokens(reasoning, input.kind === 'chat' && input.toolUse !== undefined),
          };
    },
    piece: (token) => vocabulary.piece(token, spoken.has(token)),
    formOf(grammar, input) {
      // Where the words are no control tokens, the model is none of that family, whatever its template says.
      if (family !== 'harmony' || input.kind !== 'chat' || spoken.size < harmonyWords.length) return grammar;
      return harmonyForm(grammar, input.reasoning?.isWanted !== false);
    },
    createParser(input, promptTokens, isEnforced) {
      if (input.kind !== 'chat') return null;
      const toolUse = input.toolUse ?? null;
      // Its headers are no text, whatever the template says of thoughts.
      if (family === 'harmony')
        return createHarmonyParser({ toolUse, beginsInMessage: endsInMessage(promptTokens), isEnforced });
      if (toolUse === null && reasoning === null) return null;
      return createReplyParser({
        toolUse,
        family,
        reasoning,
        beginsReasoning: isInReasoning(promptTokens),
        isEnforced,
      });
    },
    async grammarOf(input, promptTokens) {
      if (input.kind !== 'chat' || input.toolUse === undefined) return null;
      return grammars.compile(input.toolUse, {
        family,
        reasoning: input.reasoning?.isWanted === false ? null : reasoning,
        beginsReasoning: isInReasoning(promptTokens),
        controls: [...spoken.values()],
      });
    },
  };
}

/** Control tokens that spell an opener or a tag. */
function spokenTokens(
  vocabulary: ReplyVocabulary,
  family: ToolFamily,
  reasoning: ReasoningTags | null,
): ReadonlyMap<number, string> {
  const texts = callFrames[family].map((frame) => frame.opener);
  if (family === 'mistral' || family === 'mistral-named') texts.push('[ARGS]', '[CALL_ID]');
  if (family === 'hermes' || family === 'generic') texts.push('</tool_call>');
  if (family === 'deepseek' || family === 'deepseek-named') texts.push(...deepseekWords);
  if (family === 'phi') texts.push(...phiWords);
  if (family === 'harmony') texts.push(...harmonyWords);
  if (reasoning !== null) texts.push(reasoning.open, reasoning.close);
  if (reasoning?.answer !== undefined) texts.push(reasoning.answer.open, reasoning.answer.close);
  return new Map(
    texts.flatMap((text): [number, string][] => {
      const token = controlToken(vocabulary, text);
      return token === null ? [] : [[token, text]];
    }),
  );
}

/** The control token that is spelled so; null where there is none. */
function controlToken(vocabulary: ReplyVocabulary, text: string): number | null {
  const [first, ...others] = vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true });
  return first !== undefined && others.length === 0 && vocabulary.isControl(first) ? first : null;
}

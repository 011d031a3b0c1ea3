import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, Conversation } from '../../chat/request.ts';
import { endsInReasoning, type ReasoningTags } from '../calls/reasoning-splitter.ts';
import type { TemplateRenderer } from './chat-template.ts';
import { continueLastMessage } from './continued-message.ts';
import { createControlTexts, type ControlVocabulary } from './control-text.ts';

/** What a prompt needs of the model's vocabulary; `llama/vocabulary.ts` implements it. */
export interface PromptVocabulary extends ControlVocabulary {
  readonly bos: number | null;
  readonly fimPrefix: number | null;
  readonly fimSuffix: number | null;
  readonly fimMiddle: number | null;
  readonly addsBos: boolean;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
  /** The same on another thread. */
  tokenizeAsync(text: string, options: TokenizeOptions): Promise<Int32Array>;
}

interface TokenizeOptions {
  readonly addSpecial: boolean;
  readonly parseSpecial: boolean;
}

export interface PromptReader {
  /**
   * The tokens of a request, template included.
   * @throws NearfarError `invalid_request`, `unsupported` (field `suffix`), and what the renderer throws
   */
  read(input: ChatInput): Promise<Int32Array>;
}

export interface PromptReaderSetup {
  readonly vocabulary: PromptVocabulary;
  readonly renderer: TemplateRenderer;
  /** Around what the model thinks before it answers; null where it does not. */
  readonly reasoningTags: ReasoningTags | null;
}

/**
 * Texts up to this length are tokenized at once: 8,192 characters took 2 ms here, while each wait for another thread
 * costs a whole step when others are being answered.
 */
const longestAtOnce = 8_192;

const plain = { addSpecial: false, parseSpecial: false } as const;
const special = { addSpecial: false, parseSpecial: true } as const;

/**
 * Turns what was sent into tokens. Only the chat template writes control tokens: neither raw text nor the content
 * of a message can, whatever it spells.
 */
export function createPromptReader({ vocabulary, renderer, reasoningTags }: PromptReaderSetup): PromptReader {
  const controlTexts = createControlTexts(vocabulary);

  async function tokenize(text: string, options: TokenizeOptions): Promise<Int32Array> {
    return text.length <= longestAtOnce
      ? vocabulary.tokenize(text, options)
      : vocabulary.tokenizeAsync(text, options);
  }

  async function readChat(conversation: Conversation): Promise<Int32Array> {
    const { messages, reasoning, startsNewTurn } = conversation;
    const last = messages.at(-1);
    const continuesLast = last?.role === 'assistant' && startsNewTurn !== true;
    if (messages.length === 0) {
      throw new NearfarError('invalid_request', 'messages must hold at least one message.', {
        field: 'messages',
      });
    }
    if (reasoning?.isWanted === true && reasoningTags === null) {
      const { field } = reasoning;
      const text = `${field}: this model does not reason; its chat template has no place for it.`;
      throw new NearfarError('unsupported', text, { field });
    }
    if (continuesLast && last.toolCalls !== undefined) {
      const text = 'messages: the last one calls tools; expected their results behind it.';
      throw new NearfarError('invalid_request', text, { field: 'messages' });
    }
    if (controlTexts.areIn(conversation)) return readShielded(conversation, continuesLast);
    return withBos(await tokenize(await renderChat(conversation, continuesLast), special));
  }

  async function renderChat(conversation: Conversation, continuesLast: boolean): Promise<string> {
    if (!continuesLast) {
      const rendered = await renderer.render(conversation, { addGenerationPrompt: true });
      return conversation.reasoning?.isWanted === false ? withoutReasoning(rendered) : rendered;
    }
    const { messages } = conversation;
    const continued = continueLastMessage(messages);
    const marked = { ...conversation, messages: continued.messages };
    const text = continued.cut(await renderer.render(marked, { addGenerationPrompt: false }));
    if (continued.isAllIn(text)) return text;
    // Mistral's templates put the system text into the last message, if that is the user's, and else nowhere.
    const earlier = { ...conversation, messages: messages.slice(0, -1) };
    const before = await renderer.render(earlier, { addGenerationPrompt: true });
    return before + (messages.at(-1)?.content ?? '');
  }

  /** Some templates open the reasoning whatever they are told (DeepSeek's distills): then it is closed, empty. */
  function withoutReasoning(rendered: string): string {
    if (reasoningTags === null) return rendered;
    if (reasoningTags.declined !== undefined) return rendered + reasoningTags.declined;
    if (!endsInReasoning(rendered, reasoningTags)) return rendered;
    return `${rendered.trimEnd()}\n\n${reasoningTags.close}\n\n`;
  }

  /**
   * The way for messages that spell out a control token: only the template's own become control tokens, what was
   * sent stays text. llama.cpp, too, splits at control tokens first and tokenizes what lies between, so that all
   * else comes out the same.
   */
  async function readShielded(conversation: Conversation, continuesLast: boolean): Promise<Int32Array> {
    const shielded = controlTexts.shield(conversation);
    const segments = shielded.split(await renderChat(shielded.conversation, continuesLast));
    const parts = await Promise.all(
      segments.map(async (segment) =>
        segment.kind === 'token' ? [segment.token] : await tokenize(segment.text, plain),
      ),
    );
    return withBos(Int32Array.from(parts.flatMap((part) => [...part])));
  }

  /** Templates that leave the beginning-of-sequence token to the tokenizer get it here, none get it twice. */
  function withBos(tokens: Int32Array): Int32Array {
    const { bos, addsBos } = vocabulary;
    if (!addsBos || bos === null || tokens[0] === bos) return tokens;
    const longer = new Int32Array(tokens.length + 1);
    longer[0] = bos;
    longer.set(tokens, 1);
    return longer;
  }

  async function readMiddle(prefix: string, suffix: string): Promise<Int32Array> {
    const { fimPrefix, fimSuffix, fimMiddle } = vocabulary;
    if (fimPrefix === null || fimSuffix === null || fimMiddle === null) {
      throw new NearfarError(
        'unsupported',
        'This model cannot fill in the middle: its vocabulary has no tokens for it.',
        {
          field: 'suffix',
        },
      );
    }
    const [before, after] = await Promise.all([tokenize(prefix, plain), tokenize(suffix, plain)]);
    return withBos(Int32Array.from([fimPrefix, ...before, fimSuffix, ...after, fimMiddle]));
  }

  async function readText(text: string): Promise<Int32Array> {
    const tokens = await tokenize(text, { addSpecial: true, parseSpecial: false });
    if (tokens.length > 0) return tokens;
    if (vocabulary.bos !== null) return Int32Array.of(vocabulary.bos);
    throw new NearfarError(
      'invalid_request',
      'The prompt is empty and this model has no token to begin with.',
      {
        field: 'prompt',
      },
    );
  }

  function checkTokens(tokens: readonly number[]): Int32Array {
    if (tokens.length === 0) {
      throw new NearfarError('invalid_request', 'The prompt holds no tokens.', { field: 'prompt' });
    }
    tokens.forEach((token, index) => {
      if (!Number.isInteger(token) || token < 0 || token >= vocabulary.tokenCount) {
        throw new NearfarError(
          'invalid_request',
          `prompt[${index}] is ${token}, but this model's tokens are integers from 0 to ${vocabulary.tokenCount - 1}.`,
          { field: 'prompt' },
        );
      }
    });
    return Int32Array.from(tokens);
  }

  return {
    async read(input) {
      switch (input.kind) {
        case 'chat':
          return readChat(input);
        case 'text':
          return input.suffix === undefined ? readText(input.text) : readMiddle(input.text, input.suffix);
        case 'tokens':
          return checkTokens(input.tokens);
      }
    },
  };
}

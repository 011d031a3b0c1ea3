import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, Message } from '../../chat/request.ts';
import type { TemplateRenderer } from './chat-template.ts';

/** What a prompt needs of the model's vocabulary; `llama/vocabulary.ts` implements it. */
export interface PromptVocabulary {
  readonly tokenCount: number;
  readonly bos: number | null;
  readonly fimPrefix: number | null;
  readonly fimSuffix: number | null;
  readonly fimMiddle: number | null;
  readonly addsBos: boolean;
  tokenizeAsync(
    text: string,
    options: { readonly addSpecial: boolean; readonly parseSpecial: boolean },
  ): Promise<Int32Array>;
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
}

const plain = { addSpecial: false, parseSpecial: false } as const;
const special = { addSpecial: false, parseSpecial: true } as const;

export function createPromptReader({ vocabulary, renderer }: PromptReaderSetup): PromptReader {
  async function readChat(messages: readonly Message[]): Promise<Int32Array> {
    if (messages.length === 0) {
      throw new NearfarError('invalid_request', 'messages must hold at least one message.', {
        field: 'messages',
      });
    }
    const text = await renderer.render(messages, { addGenerationPrompt: true });
    return withBos(await vocabulary.tokenizeAsync(text, special));
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
    const [before, after] = await Promise.all([
      vocabulary.tokenizeAsync(prefix, plain),
      vocabulary.tokenizeAsync(suffix, plain),
    ]);
    return withBos(Int32Array.from([fimPrefix, ...before, fimSuffix, ...after, fimMiddle]));
  }

  function checkTokens(tokens: readonly number[]): Int32Array {
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
          return readChat(input.messages);
        case 'text':
          return input.suffix === undefined
            ? vocabulary.tokenizeAsync(input.text, { addSpecial: true, parseSpecial: false })
            : readMiddle(input.text, input.suffix);
        case 'tokens':
          return checkTokens(input.tokens);
      }
    },
  };
}

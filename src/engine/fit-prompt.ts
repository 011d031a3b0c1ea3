import { NearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';
import type { ReadPrompt } from './engine-setup.ts';
import type { GenerateCommand } from './protocol.ts';
import { cutPrompt } from './text/prompt-cut.ts';

export interface FitPromptOptions {
  readonly contextTokenCount: number;
  readonly modelId: string;
  readonly read: (input: ChatInput) => Promise<Int32Array>;
}

/**
 * A prompt as the main loop takes it: whole, or with its middle left out where it is too long and the request asks for
 * that. A cut prompt leaves room for the answer: for `max_tokens`, or a quarter of the context, and at most half of it.
 * @throws NearfarError `context_overflow` where it cannot be cut so far
 */
export async function fitPrompt(
  command: Pick<GenerateCommand, 'input' | 'contextOverflow' | 'maxTokenCount'>,
  tokens: Int32Array,
  { contextTokenCount, modelId, read }: FitPromptOptions,
): Promise<ReadPrompt> {
  if (command.contextOverflow !== 'truncate_middle' || tokens.length < contextTokenCount) {
    return { tokens: Array.from(tokens), omitted: null };
  }
  const reserved = command.maxTokenCount ?? Math.ceil(contextTokenCount / 4);
  const limit = contextTokenCount - Math.max(1, Math.min(reserved, contextTokenCount >> 1));
  const cut = await cutPrompt({ input: command.input, tokens, limit, read });
  if (cut === null) {
    const isMiddle = command.input.kind === 'text' && command.input.suffix !== undefined;
    throw new NearfarError(
      'context_overflow',
      `The prompt has ${tokens.length} tokens, the context of ${modelId} holds ${contextTokenCount}, and ` +
        (isMiddle
          ? 'a prompt with a suffix cannot be cut: its middle is what is asked for.'
          : `even without its middle (the system text and the newest message stay) it does not fit the ${limit} that ` +
            'are left beside the answer.'),
    );
  }
  const { omittedTokenCount, omittedMessageCount } = cut;
  return {
    tokens: Array.from(cut.tokens),
    omitted: { tokenCount: omittedTokenCount, messageCount: omittedMessageCount },
  };
}

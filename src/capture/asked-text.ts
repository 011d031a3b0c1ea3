import type { ChatRequest } from '../chat/request.ts';
import type { RelayRequest } from '../upstream/relay.ts';
import type { AskedText } from './capture.ts';

/** Pure: what is kept of a request: all that a model was told, and how its answer was to be. */
export function askedText(request: ChatRequest): AskedText {
  const { input, sampling, statedSampling, stop, maxTokenCount, choiceCount, outputFormat, privacy } =
    request;
  const stated = [...(statedSampling?.keys() ?? [])].filter((name) => name !== 'logitBias');
  return {
    privacy,
    prompt: {
      ...input,
      ...(outputFormat.type === 'text' ? {} : { outputFormat }),
      ...(stop.length === 0 ? {} : { stop }),
      ...(maxTokenCount === null ? {} : { maxTokenCount }),
      ...(choiceCount === 1 ? {} : { choiceCount }),
      ...(stated.length === 0
        ? {}
        : { sampling: Object.fromEntries(stated.map((name) => [name, sampling[name]])) }),
    },
    characterCount: lengthOf(input),
  };
}

/** Pure: the client's own body. Of texts to embed nothing is kept; null. */
export function relayedText({ privacy, body, text, operation }: RelayRequest): AskedText | null {
  return operation === 'embeddings' ? null : { privacy, prompt: body, characterCount: text.length };
}

/** About: what tools and parts of a message add is small beside it. */
function lengthOf(input: ChatRequest['input']): number {
  if (input.kind === 'text') return input.text.length + (input.suffix?.length ?? 0);
  if (input.kind === 'tokens') return input.tokens.length * 7;
  return input.messages.reduce((sum, { content }) => sum + content.length, 0);
}

import type { ChatRequest } from '../../chat/request.ts';
import { chatWire, notHere } from '../worker/chat-wire.ts';

/** What llama.cpp's server takes, with all its names. @throws NearfarError `unsupported` */
export function completionBody(request: ChatRequest): object {
  const { sampling, input } = request;
  if (request.topLogprobCount !== null) throw notHere('logprobs', 'this model does not tell them');
  return {
    ...chatWire(request),
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    typical_p: sampling.typicalP,
    repeat_penalty: sampling.repetitionPenalty,
    repeat_last_n: sampling.penaltyWindow,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    ...(sampling.seed === null ? {} : { seed: sampling.seed }),
    ...(sampling.logitBias.size === 0 ? {} : { logit_bias: [...sampling.logitBias] }),
    ...(request.ignoreEndOfGeneration ? { ignore_eos: true } : {}),
    ...(input.kind === 'chat' && input.reasoning !== undefined
      ? { chat_template_kwargs: { enable_thinking: input.reasoning.isWanted } }
      : {}),
    return_progress: true,
  };
}

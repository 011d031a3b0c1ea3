import { NearfarError } from '../../chat/error.ts';
import type { ChatRequest, OutputFormat } from '../../chat/request.ts';
import { neutralSampling } from '../../chat/sampling.ts';
import { overflowField } from '../context-overflow.ts';
import { candidateSampling, statedSampling, type SamplingNames } from '../default-sampling.ts';
import type { Envelope } from '../envelope.ts';
import { conversationOf } from './conversation.ts';
import type { MessagesBody } from './messages-schema.ts';

/** @throws NearfarError as `conversationOf` does, `invalid_request` for two formats */
export function messagesRequest(body: MessagesBody, envelope: Envelope): ChatRequest {
  return {
    ...envelope,
    requestedModel: body.model,
    input: { kind: 'chat', ...conversationOf(body) },
    sampling: {
      ...neutralSampling,
      ...candidateSampling(body),
      temperature: body.temperature ?? neutralSampling.temperature,
    },
    statedSampling: statedSampling(body, samplingNames),
    stop: body.stop_sequences ?? [],
    maxTokenCount: body.max_tokens,
    choiceCount: 1,
    topLogprobCount: null,
    isStreamed: body.stream ?? false,
    // Both of Anthropic's tiers are the ordinary one here.
    priority: envelope.priority ?? 'default',
    ignoreEndOfGeneration: false,
    outputFormat: outputFormat(body),
    keepAliveSeconds: null,
    ...overflowField(body),
  };
}

const samplingNames: SamplingNames = { temperature: 'temperature', topK: 'top_k', topP: 'top_p' };

/** `output_config.format`, or `output_format`, its older place. */
function outputFormat({ output_config: config, output_format: older }: MessagesBody): OutputFormat {
  const newer = config?.format ?? null;
  if (newer !== null && older !== undefined && older !== null) {
    throw new NearfarError(
      'invalid_request',
      'output_format: is the older name of output_config.format; send only one.',
      {
        field: 'output_format',
      },
    );
  }
  const format = newer ?? older ?? null;
  if (format === null) return { type: 'text' };
  const field = newer === null ? 'output_format.schema' : 'output_config.format.schema';
  return { type: 'json_schema', schema: format.schema, name: null, strict: true, field };
}

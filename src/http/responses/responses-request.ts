import type { ChatRequest, OutputFormat } from '../../chat/request.ts';
import { neutralSampling } from '../../chat/sampling.ts';
import { overflowField } from '../context-overflow.ts';
import { candidateSampling, statedSampling } from '../default-sampling.ts';
import type { Envelope } from '../envelope.ts';
import { priorityOfTier } from '../openai/sampling-schema.ts';
import { effortReasoning } from '../reasoning-effort.ts';
import { invalid } from '../tool-use.ts';
import { messagesOf } from './conversation.ts';
import type { InputItem, ItemReference } from './input-schema.ts';
import type { ResponsesBody } from './responses-schema.ts';
import { responsesToolUse } from './tool-schema.ts';

/**
 * @param own its items, references resolved
 * @param earlier items of the responses that this one follows
 * @throws NearfarError `invalid_request` where fields contradict each other
 */
export function responsesRequest(
  body: Omit<ResponsesBody, 'input'>,
  own: readonly InputItem[],
  envelope: Envelope,
  earlier: readonly InputItem[] = [],
): ChatRequest {
  const messages = messagesOf([...earlier, ...own], earlier.length);
  const { instructions } = body;
  const use = responsesToolUse(body);
  const reasoning = effortReasoning(body.reasoning?.effort, 'reasoning.effort', summaryOf(body));
  return {
    ...envelope,
    requestedModel: body.model,
    input: {
      kind: 'chat',
      messages:
        typeof instructions === 'string' && instructions !== ''
          ? [{ role: 'system', content: instructions }, ...messages]
          : messages,
      // A last message of the assistant is followed by another one.
      startsNewTurn: true,
      ...(use === undefined ? {} : { toolUse: use }),
      ...(reasoning === undefined ? {} : { reasoning }),
    },
    sampling: {
      ...neutralSampling,
      ...candidateSampling({ top_p: body.top_p }),
      temperature: body.temperature ?? neutralSampling.temperature,
    },
    statedSampling: statedSampling(body, { temperature: 'temperature', topP: 'top_p' }),
    stop: [],
    maxTokenCount: body.max_output_tokens ?? null,
    choiceCount: 1,
    topLogprobCount: topLogprobCount(body),
    isStreamed: body.stream ?? false,
    priority: envelope.priority ?? priorityOfTier(body.service_tier),
    ignoreEndOfGeneration: false,
    outputFormat: outputFormat(body),
    keepAliveSeconds: null,
    ...overflowField(body),
  };
}

/** A text is a message of the user's. */
export function inputItems({ input }: Pick<ResponsesBody, 'input'>): readonly (InputItem | ItemReference)[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
}

/** @throws NearfarError `invalid_request` where both names are used and differ */
function summaryOf({ reasoning }: Pick<ResponsesBody, 'reasoning'>): 'auto' | 'concise' | 'detailed' | null {
  const newer = reasoning?.summary ?? null;
  const older = reasoning?.generate_summary ?? null;
  if (newer !== null && older !== null && newer !== older) {
    throw invalid('reasoning.generate_summary', 'differs from reasoning.summary; send only one');
  }
  return newer ?? older;
}

function topLogprobCount({
  include,
  top_logprobs: count,
}: Pick<ResponsesBody, 'include' | 'top_logprobs'>): number | null {
  const isWanted = include?.includes('message.output_text.logprobs') === true || (count ?? 0) > 0;
  return isWanted ? (count ?? 0) : null;
}

function outputFormat({ text }: Pick<ResponsesBody, 'text'>): OutputFormat {
  const format = text?.format;
  switch (format?.type) {
    case undefined:
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json_object', field: 'text.format' };
    case 'json_schema': {
      const { name, schema, strict } = format;
      return { type: 'json_schema', schema, name, strict: strict ?? false, field: 'text.format.schema' };
    }
  }
}

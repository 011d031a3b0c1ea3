import type { ChatRequest } from '../../chat/request.ts';
import { unixSeconds } from '../openai/chat-response.ts';
import { responseId } from './response-ids.ts';
import type { ResponsesBody } from './responses-schema.ts';

/** What a response repeats of the request that it answers; the same from its first event to its last. */
export function responseHead(
  body: ResponsesBody,
  request: Pick<ChatRequest, 'id' | 'topLogprobCount' | 'contextOverflow'>,
  { createdAt, isStored }: { readonly createdAt: Date; readonly isStored: boolean },
): object {
  const { effort = null, summary = null, generate_summary: older = null } = body.reasoning ?? {};
  return {
    id: responseId(request.id),
    object: 'response',
    created_at: unixSeconds(createdAt),
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort, summary: summary ?? older },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: body.service_tier ?? 'default',
    store: isStored,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' }, verbosity: 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: request.topLogprobCount ?? 0,
    top_p: body.top_p ?? 1,
    truncation: request.contextOverflow === 'truncate_middle' ? 'auto' : 'disabled',
    user: body.user ?? null,
  };
}

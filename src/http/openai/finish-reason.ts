import type { FinishReason } from '../../chat/part.ts';

/** OpenAI does not tell a stop string from the model's own end. */
export function openaiFinishReason(
  reason: FinishReason,
): 'stop' | 'length' | 'tool_calls' | 'content_filter' {
  return reason === 'stop_sequence' ? 'stop' : reason;
}

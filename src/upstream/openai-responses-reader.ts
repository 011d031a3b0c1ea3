import type { FinishReason, Usage } from '../chat/part.ts';
import { createCallWriter } from './call-writer.ts';
import { readLogprob } from './openai-chat-reader.ts';
import type { WirePart, WireReader } from './protocol.ts';
import { openaiUsage, unmeasuredUsage } from './usage.ts';
import { errorOfBody } from './wire-error.ts';
import { broken, isObject, listOf, objectOf, parseObject, textOf, type WireObject } from './wire-json.ts';

/**
 * `response.*` events: items that are added, change and are done, then the whole response once more with its usage.
 * Events of types that carry nothing new are skipped.
 */
export function createResponsesReader(model: string): WireReader {
  const calls = createCallWriter(0);
  let hasStarted = false;
  let ending: { readonly reason: FinishReason; readonly usage: Usage } | null = null;
  let deltaCount = 0;

  function readDelta(type: string, event: WireObject): readonly WirePart[] {
    const text = textOf(event['delta']);
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta': {
        const logprobs = listOf(event['logprobs']).map((entry) => {
          const fields = objectOf(entry);
          const top = listOf(fields['top_logprobs']).map((other) => readLogprob(objectOf(other)));
          return { ...readLogprob(fields), top };
        });
        if (text === '' && logprobs.length === 0) return [];
        return [{ type: 'text-delta', choice: 0, text, ...(logprobs.length === 0 ? {} : { logprobs }) }];
      }
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        return text === '' ? [] : [{ type: 'reasoning-delta', choice: 0, text }];
      case 'response.function_call_arguments.delta':
        return calls.add(String(event['output_index']), text);
      case 'response.output_item.added': {
        const item = objectOf(event['item']);
        if (item['type'] !== 'function_call') return [];
        return calls.start(String(event['output_index']), textOf(item['call_id']), textOf(item['name']));
      }
      case 'response.output_item.done':
        return objectOf(event['item'])['type'] === 'function_call' ? calls.close() : [];
      default:
        return [];
    }
  }

  function readEnd(type: string, event: WireObject): readonly WirePart[] {
    const response = objectOf(event['response']);
    const why = objectOf(response['incomplete_details'])['reason'];
    const reason: FinishReason =
      type === 'response.incomplete'
        ? why === 'content_filter'
          ? 'content_filter'
          : 'length'
        : calls.hasWhole
          ? 'tool_calls'
          : 'stop';
    const usage = isObject(response['usage']) ? openaiUsage(response['usage']) : unmeasuredUsage(deltaCount);
    ending = { reason, usage };
    return [{ type: 'choice-end', choice: 0, reason }];
  }

  return {
    get isDone() {
      return ending !== null;
    },
    read({ data }) {
      if (data === '[DONE]') return [];
      const event = parseObject(data);
      const type = textOf(event['type']);
      if (type === 'error' || event['error'] !== undefined) throw errorOfBody(event);
      if (type === 'response.failed') throw errorOfBody(objectOf(event['response']));
      if (ending !== null) throw broken('went on behind its end');
      const parts: WirePart[] = [];
      if (!hasStarted) {
        hasStarted = true;
        parts.push({ type: 'start', model, grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 });
      }
      if (type === 'response.completed' || type === 'response.incomplete')
        parts.push(...readEnd(type, event));
      else {
        const deltas = readDelta(type, event);
        deltaCount += deltas.length;
        parts.push(...deltas);
      }
      return parts;
    },
    end() {
      if (ending === null) throw broken('broke its answer off');
      return [{ type: 'finish', usage: ending.usage }];
    },
  };
}

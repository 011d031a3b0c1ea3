import { createCallWriter } from './call-writer.ts';
import { readLogprob } from './openai-chat-reader.ts';
import type { WirePart, WireReader } from './protocol.ts';
import { ollamaUsage, unmeasuredUsage } from './usage.ts';
import { errorOfBody } from './wire-error.ts';
import { broken, listOf, objectOf, parseObject, textOf, type WireObject } from './wire-json.ts';

/** Ollama's lines: pieces of one message, the last one `done` with counts and times. Calls come whole. */
export function createOllamaReader(model: string): WireReader {
  const calls = createCallWriter(0);
  let callCount = 0;
  let hasStarted = false;
  let deltaCount = 0;
  let last: WireObject | null = null;

  function readMessage(line: WireObject): readonly WirePart[] {
    const message = objectOf(line['message']);
    const parts: WirePart[] = [];
    // What is plain text stands in /api/generate, for whose answers this reads as well.
    const thinking = textOf(message['thinking']) + textOf(line['thinking']);
    if (thinking !== '') parts.push({ type: 'reasoning-delta', choice: 0, text: thinking });
    const text = textOf(message['content']) + textOf(line['response']);
    const logprobs = listOf(line['logprobs']).map((entry) => {
      const fields = objectOf(entry);
      const top = listOf(fields['top_logprobs']).map((other) => readLogprob(objectOf(other)));
      return { ...readLogprob(fields), top };
    });
    if (text !== '' || logprobs.length > 0) {
      parts.push({ type: 'text-delta', choice: 0, text, ...(logprobs.length === 0 ? {} : { logprobs }) });
    }
    for (const entry of listOf(message['tool_calls'])) {
      const call = objectOf(entry);
      const fields = objectOf(call['function']);
      const key = String(callCount++);
      parts.push(
        ...calls.start(key, textOf(call['id']), textOf(fields['name'])),
        ...calls.add(key, JSON.stringify(objectOf(fields['arguments']))),
        ...calls.close(),
      );
    }
    deltaCount += parts.length;
    return parts;
  }

  return {
    get isDone() {
      return last !== null;
    },
    read({ data }) {
      const line = parseObject(data);
      if (line['error'] !== undefined) throw errorOfBody(line);
      if (last !== null) throw broken('went on behind its end');
      const parts: WirePart[] = [];
      if (!hasStarted) {
        hasStarted = true;
        parts.push({ type: 'start', model, grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 });
      }
      parts.push(...readMessage(line));
      if (line['done'] === true) {
        last = line;
        const reason = line['done_reason'] === 'length' ? 'length' : calls.hasWhole ? 'tool_calls' : 'stop';
        parts.push({ type: 'choice-end', choice: 0, reason });
      }
      return parts;
    },
    end() {
      if (last === null) throw broken('broke its answer off');
      const isTold = typeof last['eval_count'] === 'number';
      return [{ type: 'finish', usage: isTold ? ollamaUsage(last) : unmeasuredUsage(deltaCount) }];
    },
  };
}

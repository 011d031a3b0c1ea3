import type { FinishReason, Usage } from '../chat/part.ts';
import type { UpstreamAnswer } from './connection.ts';
import type { ProtocolName, WirePart } from './protocol.ts';
import { asBuffer } from './text-reader.ts';
import { anthropicUsage, ollamaUsage, openaiUsage, unmeasuredUsage } from './usage.ts';
import { broken, isObject, listOf, objectOf, type WireObject } from './wire-json.ts';

/** No answer of a model is nearly as large. */
const longestAnswer = 256 * 1024 * 1024;

/**
 * A whole answer as it passes by: its bytes untouched, and how it ended.
 * @throws NearfarError `upstream_failed` where it is no JSON object
 */
export async function readWhole(
  body: UpstreamAnswer['body'],
  protocol: ProtocolName,
  model: string,
): Promise<{ readonly bytes: Uint8Array; readonly parts: readonly WirePart[] }> {
  // Nearly always head and body came together.
  const bytes = body.takeWhole?.() ?? (await allOf(body));
  let answer: unknown;
  try {
    answer = JSON.parse(asBuffer(bytes).toString('utf8')) as unknown;
  } catch {
    throw broken('sent an answer that is no JSON');
  }
  if (!isObject(answer)) throw broken('sent an answer that is no object');
  return { bytes, parts: partsOf(answer, protocol, model) };
}

async function allOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount > longestAnswer) throw broken('sent an answer without end');
  }
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}

function partsOf(answer: WireObject, protocol: ProtocolName, model: string): readonly WirePart[] {
  const usage = usageOf(answer, protocol);
  const { promptTokenCount, cachedTokenCount } = usage;
  const reasons = reasonsOf(answer, protocol);
  return [
    { type: 'start', model, grade: 'ungraded', promptTokenCount, cachedTokenCount },
    ...reasons.map((reason, choice): WirePart => ({ type: 'choice-end', choice, reason })),
    { type: 'finish', usage },
  ];
}

function usageOf(answer: WireObject, protocol: ProtocolName): Usage {
  if (protocol === 'ollama') {
    // Embeddings have a prompt only.
    const isTold = typeof (answer['eval_count'] ?? answer['prompt_eval_count']) === 'number';
    return isTold ? ollamaUsage(answer) : unmeasuredUsage(0);
  }
  if (!isObject(answer['usage'])) return unmeasuredUsage(0);
  return protocol === 'anthropic' ? anthropicUsage(answer['usage']) : openaiUsage(answer['usage']);
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  length: 'length',
  max_output_tokens: 'length',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  tool_use: 'tool_calls',
  stop_sequence: 'stop_sequence',
  content_filter: 'content_filter',
  refusal: 'content_filter',
};

function reasonsOf(answer: WireObject, protocol: ProtocolName): readonly FinishReason[] {
  return reasonWords(answer, protocol).map(
    (word) => (typeof word === 'string' ? finishReasons[word] : undefined) ?? 'stop',
  );
}

function reasonWords(answer: WireObject, protocol: ProtocolName): readonly unknown[] {
  switch (protocol) {
    case 'openai':
      return listOf(answer['choices']).map((choice) => objectOf(choice)['finish_reason']);
    case 'openai-responses': {
      const why = objectOf(answer['incomplete_details'])['reason'];
      const hasCalls = listOf(answer['output']).some((item) => objectOf(item)['type'] === 'function_call');
      return [why ?? (hasCalls ? 'function_call' : null)];
    }
    case 'anthropic':
      return [answer['stop_reason']];
    case 'ollama':
      return [answer['done_reason']];
  }
}

import type { FinishReason, TokenLogprob, Usage } from '../chat/part.ts';
import { createCallWriter, type CallWriter } from './call-writer.ts';
import type { WirePart, WireReader } from './protocol.ts';
import { withRepeats } from './repeated-events.ts';
import { openaiUsage, unmeasuredUsage } from './usage.ts';
import { broken, isObject, listOf, objectOf, parseObject, textOf, type WireObject } from './wire-json.ts';
import { errorOfBody } from './wire-error.ts';

interface Choice {
  readonly calls: CallWriter;
  /** The key of the call that a piece without an index belongs to. */
  callKey: string;
  ids: Map<string, string>;
  isEnded: boolean;
}

/**
 * `chat.completion.chunk` events. Usage comes in a chunk of its own behind the choices' ends, or with the last of them;
 * servers that do not say `[DONE]` are taken at the end of their choices.
 */
export function createOpenaiChatReader(model: string, choiceCount: number): WireReader {
  const choices = Array.from({ length: choiceCount }, (_, index): Choice => {
    return { calls: createCallWriter(index), callKey: '', ids: new Map(), isEnded: false };
  });
  let hasStarted = false;
  let isDone = false;
  let usage: Usage | null = null;
  let deltaCount = 0;

  function readChoice(wire: WireObject): readonly WirePart[] {
    const index = wire['index'] ?? 0;
    const choice = typeof index === 'number' ? choices[index] : undefined;
    if (choice === undefined || typeof index !== 'number')
      throw broken('sent a choice that was not asked for');
    const delta = objectOf(wire['delta']);
    const parts: WirePart[] = [];
    if (choice.isEnded) {
      if (Object.values(delta).some((value) => value !== null && value !== '' && value !== 'assistant'))
        throw broken('went on with a choice that was over');
      return parts;
    }
    const reasoning = textOf(delta['reasoning_content'] ?? delta['reasoning']);
    if (reasoning !== '') parts.push({ type: 'reasoning-delta', choice: index, text: reasoning });
    // A refusal is what the model says in place of the answer; `text` is that of plain completions.
    const text = textOf(delta['content']) + textOf(delta['refusal']) + textOf(wire['text']);
    const logprobs = readLogprobs(objectOf(wire['logprobs']));
    if (text !== '' || logprobs.length > 0) {
      if (text !== '') parts.push(...choice.calls.close());
      parts.push({
        type: 'text-delta',
        choice: index,
        text,
        ...(logprobs.length === 0 ? {} : { logprobs }),
      });
    }
    for (const call of listOf(delta['tool_calls'])) parts.push(...readCall(choice, objectOf(call)));
    deltaCount += parts.length;
    const reason = wire['finish_reason'];
    if (typeof reason === 'string') {
      parts.push(...choice.calls.close());
      parts.push(endOf(index, reason, wire['stop_reason'], choice.calls.hasWhole));
      choice.isEnded = true;
    }
    return parts;
  }

  const reader: WireReader = {
    get isDone() {
      return isDone;
    },
    read({ data }) {
      if (data === '[DONE]') {
        isDone = true;
        return [];
      }
      if (isDone) throw broken('went on behind its end');
      const chunk = parseObject(data);
      if (isObject(chunk['error']) || typeof chunk['error'] === 'string') throw errorOfBody(chunk);
      const parts: WirePart[] = [];
      if (!hasStarted) {
        hasStarted = true;
        parts.push({ type: 'start', model, grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 });
      }
      if (isObject(chunk['usage'])) usage = openaiUsage(chunk['usage']);
      for (const choice of listOf(chunk['choices'])) parts.push(...readChoice(objectOf(choice)));
      return parts;
    },
    end() {
      if (!choices.every((choice) => choice.isEnded)) throw broken('broke its answer off');
      return [{ type: 'finish', usage: usage ?? unmeasuredUsage(deltaCount) }];
    },
  };
  return withRepeats(reader, 'content', () => {
    deltaCount += 1;
  });
}

/**
 * A call begins with its name. Some servers leave out the index, or give all calls the same one with ids of their own
 * (Gemini), or send whole calls in one piece (Mistral).
 */
function readCall(choice: Choice, wire: WireObject): readonly WirePart[] {
  const { calls, ids } = choice;
  const fields = objectOf(wire['function']);
  const id = textOf(wire['id']);
  const name = textOf(fields['name']);
  const place = typeof wire['index'] === 'number' ? String(wire['index']) : '';
  const isOther = id !== '' && ids.get(place) !== undefined && ids.get(place) !== id;
  const begins = name !== '' && (place === '' || isOther || !calls.has(keyOf(place, ids)));
  const parts: WirePart[] = [];
  if (begins) {
    ids.set(place, id === '' ? `${place}-${ids.size}` : id);
    choice.callKey = keyOf(place, ids);
    parts.push(...calls.start(choice.callKey, id, name));
  }
  const key = place === '' ? choice.callKey : keyOf(place, ids);
  const argumentField = fields['arguments'];
  // An object where text belongs: some servers do not write it down.
  const text = isObject(argumentField) ? JSON.stringify(argumentField) : textOf(argumentField);
  parts.push(...calls.add(key, text));
  return parts;
}

function keyOf(place: string, ids: ReadonlyMap<string, string>): string {
  return `${place}/${ids.get(place) ?? ''}`;
}

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** @param stopString vLLM's and others' `stop_reason`: the stop string that was hit; OpenAI does not tell */
function endOf(choice: number, reason: string, stopString: unknown, hasCalls: boolean): WirePart {
  const known = reasons[reason] ?? 'stop';
  if (known === 'stop' && typeof stopString === 'string') {
    return { type: 'choice-end', choice, reason: 'stop_sequence', stopSequence: stopString };
  }
  if (known === 'stop' || known === 'tool_calls') {
    return { type: 'choice-end', choice, reason: hasCalls ? 'tool_calls' : 'stop' };
  }
  return { type: 'choice-end', choice, reason: known };
}

function readLogprobs(wire: WireObject): readonly TokenLogprob[] {
  return [...listOf(wire['content']), ...listOf(wire['refusal'])].map((entry) => {
    const fields = objectOf(entry);
    return {
      ...readLogprob(fields),
      top: listOf(fields['top_logprobs']).map((other) => readLogprob(objectOf(other))),
    };
  });
}

const utf8 = new TextEncoder();

export function readLogprob(wire: WireObject): Pick<TokenLogprob, 'token' | 'bytes' | 'logprob'> {
  const bytes = wire['bytes'];
  const logprob = wire['logprob'];
  return {
    token: -1,
    bytes: Array.isArray(bytes) ? (bytes as number[]) : [...utf8.encode(textOf(wire['token']))],
    logprob: typeof logprob === 'number' ? logprob : -9999,
  };
}

import type { FinishReason } from '../chat/part.ts';
import { createCallWriter } from './call-writer.ts';
import type { WirePart, WireReader } from './protocol.ts';
import { withRepeats } from './repeated-events.ts';
import { anthropicUsage } from './usage.ts';
import { errorOfBody } from './wire-error.ts';
import { broken, isObject, objectOf, parseObject, textOf, type WireObject } from './wire-json.ts';

/**
 * Anthropic's events: message_start, blocks, message_delta, message_stop. Signatures of thoughts, citations and blocks
 * of types that were not asked for have no part of their own and are left out; events of unknown types are skipped, as
 * its documentation asks. https://docs.anthropic.com/en/api/messages-streaming
 */
export function createAnthropicReader(model: string): WireReader {
  const calls = createCallWriter(0);
  /** What the usage of start and end say together; the end's counts are of the whole answer. */
  let usage: WireObject = {};
  let hasStarted = false;
  let isStopped = false;
  let hasEnd = false;
  /** Type of the block that is open. */
  let block = '';
  let blockKey = '';

  function begin(event: WireObject): readonly WirePart[] {
    const content = objectOf(event['content_block']);
    block = textOf(content['type']);
    blockKey = String(event['index']);
    switch (block) {
      case 'text':
        return textPart('text-delta', textOf(content['text']));
      case 'thinking':
        return textPart('reasoning-delta', textOf(content['thinking']));
      case 'tool_use': {
        const input = objectOf(content['input']);
        return [
          ...calls.start(blockKey, textOf(content['id']), textOf(content['name'])),
          // Usually empty, and written in deltas; some servers send it whole.
          ...(Object.keys(input).length === 0 ? [] : calls.add(blockKey, JSON.stringify(input))),
        ];
      }
      default:
        return [];
    }
  }

  function change(event: WireObject): readonly WirePart[] {
    const delta = objectOf(event['delta']);
    switch (delta['type']) {
      case 'text_delta':
        return textPart('text-delta', textOf(delta['text']));
      case 'thinking_delta':
        return textPart('reasoning-delta', textOf(delta['thinking']));
      case 'input_json_delta':
        // Of a server's own tool, which has no part here.
        return block === 'tool_use' ? calls.add(blockKey, textOf(delta['partial_json'])) : [];
      default:
        return [];
    }
  }

  function endMessage(event: WireObject): readonly WirePart[] {
    const delta = objectOf(event['delta']);
    if (isObject(event['usage'])) usage = { ...usage, ...withoutNulls(event['usage']) };
    const reason = delta['stop_reason'];
    if (typeof reason !== 'string' || hasEnd) return [];
    hasEnd = true;
    const sequence = delta['stop_sequence'];
    return [
      {
        type: 'choice-end',
        choice: 0,
        reason: reasonOf(reason, calls.hasWhole),
        ...(typeof sequence === 'string' ? { stopSequence: sequence } : {}),
      },
    ];
  }

  const reader: WireReader = {
    get isDone() {
      return isStopped;
    },
    read({ data }) {
      const event = parseObject(data);
      const type = event['type'];
      if (type === 'error') throw errorOfBody(event);
      if (isStopped) throw broken('went on behind its end');
      if (type === 'message_start') {
        if (hasStarted) throw broken('began twice');
        hasStarted = true;
        usage = withoutNulls(objectOf(objectOf(event['message'])['usage']));
        const { promptTokenCount, cachedTokenCount } = anthropicUsage(usage);
        return [{ type: 'start', model, grade: 'ungraded', promptTokenCount, cachedTokenCount }];
      }
      const isContent =
        type === 'content_block_start' ||
        type === 'content_block_delta' ||
        type === 'content_block_stop' ||
        type === 'message_delta' ||
        type === 'message_stop';
      // Pings, and what will be added one day.
      if (!isContent) return [];
      if (!hasStarted || (hasEnd && type.startsWith('content_block')))
        throw broken('sent events out of order');
      switch (type) {
        case 'content_block_start':
          return begin(event);
        case 'content_block_delta':
          return change(event);
        case 'content_block_stop':
          return block === 'tool_use' ? calls.close() : [];
        case 'message_delta':
          return endMessage(event);
        case 'message_stop':
          isStopped = true;
          return [];
      }
    },
    end() {
      if (!hasEnd) throw broken('broke its answer off');
      return [{ type: 'finish', usage: anthropicUsage(usage) }];
    },
  };
  return withRepeats(reader, 'text', () => undefined);
}

function textPart(type: 'text-delta' | 'reasoning-delta', text: string): readonly WirePart[] {
  return text === '' ? [] : [{ type, choice: 0, text }];
}

/** A count that the end leaves out as null does not take away what the start said. */
function withoutNulls(fields: WireObject): WireObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function reasonOf(reason: string, hasCalls: boolean): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'stop_sequence':
      return 'stop_sequence';
    case 'refusal':
      return 'content_filter';
    default:
      return hasCalls ? 'tool_calls' : 'stop';
  }
}

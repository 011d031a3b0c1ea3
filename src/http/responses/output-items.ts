import type { ChatPart, TokenLogprob } from '../../chat/part.ts';
import { chatLogprobs } from '../openai/logprobs.ts';
import { itemId } from './response-ids.ts';

/** An event of a stream, still without its number. */
export interface ItemEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface TextItem {
  readonly kind: 'text' | 'reasoning';
  readonly id: string;
  text: string;
  readonly logprobs: TokenLogprob[];
  status: ItemStatus;
}

interface CallItem {
  readonly kind: 'call';
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  arguments: string;
  status: ItemStatus;
}

type OutputItem = TextItem | CallItem;

/** The items of one answer, and the events that tell of each as it grows. */
export interface OutputItems {
  /** Parts between `start` and `choice-end`. */
  take(part: ChatPart): readonly ItemEvent[];
  /** Closes what is open, and gives an answer that said nothing a message without text. */
  end(isCutShort: boolean): readonly ItemEvent[];
  /** As they are now, in the shape of `output`. */
  list(): readonly object[];
}

export function createOutputItems(requestId: string): OutputItems {
  const items: OutputItem[] = [];
  /** Of tokens that came while no message was open. */
  let waitingLogprobs: readonly TokenLogprob[] = [];

  const place = (): number => items.length - 1;

  function openItem(): OutputItem | null {
    const last = items.at(-1);
    return last?.status === 'in_progress' ? last : null;
  }

  function begin(item: OutputItem): readonly ItemEvent[] {
    items.push(item);
    const added = { type: 'response.output_item.added', output_index: place(), item: itemObject(item) };
    if (item.kind === 'call') return [added];
    return [
      added,
      {
        type: 'response.content_part.added',
        item_id: item.id,
        output_index: place(),
        content_index: 0,
        part: contentPart(item),
      },
    ];
  }

  function close(status: 'completed' | 'incomplete'): readonly ItemEvent[] {
    const item = openItem();
    if (item === null) return [];
    item.status = status;
    const at = { item_id: item.id, output_index: place() };
    const done = { type: 'response.output_item.done', output_index: place(), item: itemObject(item) };
    if (item.kind === 'call') {
      // Arguments that were cut short are no JSON: they are never said to be done.
      if (status === 'incomplete') return [done];
      const { name, arguments: text } = item;
      return [{ type: 'response.function_call_arguments.done', ...at, name, arguments: text }, done];
    }
    const inPart = { ...at, content_index: 0 };
    return [
      item.kind === 'text'
        ? {
            type: 'response.output_text.done',
            ...inPart,
            text: item.text,
            logprobs: chatLogprobs(item.logprobs),
          }
        : { type: 'response.reasoning_text.done', ...inPart, text: item.text },
      { type: 'response.content_part.done', ...inPart, part: contentPart(item) },
      done,
    ];
  }

  function addText(
    kind: TextItem['kind'],
    text: string,
    logprobs: readonly TokenLogprob[],
  ): readonly ItemEvent[] {
    const open = openItem();
    if (text === '' && open?.kind !== kind) {
      waitingLogprobs = [...waitingLogprobs, ...logprobs];
      return [];
    }
    const events: ItemEvent[] = [];
    let item: OutputItem | null = open;
    if (item?.kind !== kind) {
      events.push(...close('completed'));
      const id = itemId(kind === 'text' ? 'msg' : 'rs', requestId, items.length);
      item = { kind, id, text: '', logprobs: [], status: 'in_progress' };
      events.push(...begin(item));
    }
    const told = kind === 'text' ? [...waitingLogprobs, ...logprobs] : [];
    if (kind === 'text') waitingLogprobs = [];
    item.text += text;
    item.logprobs.push(...told);
    const at = { item_id: item.id, output_index: place(), content_index: 0, delta: text };
    events.push(
      kind === 'text'
        ? { type: 'response.output_text.delta', ...at, logprobs: chatLogprobs(told) }
        : { type: 'response.reasoning_text.delta', ...at },
    );
    return events;
  }

  return {
    take(part) {
      switch (part.type) {
        case 'text-delta':
          return addText('text', part.text, part.logprobs ?? []);
        case 'reasoning-delta':
          return part.text === '' ? [] : addText('reasoning', part.text, []);
        case 'tool-call-start':
          return [
            ...close('completed'),
            ...begin({
              kind: 'call',
              id: itemId('fc', requestId, items.length),
              callId: part.id,
              name: part.name,
              arguments: '',
              status: 'in_progress',
            }),
          ];
        case 'tool-call-delta': {
          const item = openItem();
          if (item?.kind !== 'call') return [];
          item.arguments += part.arguments;
          return [
            {
              type: 'response.function_call_arguments.delta',
              item_id: item.id,
              output_index: place(),
              delta: part.arguments,
            },
          ];
        }
        case 'tool-call-end':
          return close('completed');
        case 'start':
        case 'choice-end':
        case 'finish':
        case 'error':
          return [];
      }
    },
    end(isCutShort) {
      const open = openItem();
      // A call without an end of its own was cut short, whatever ended the answer.
      const events = [...close(isCutShort || open?.kind === 'call' ? 'incomplete' : 'completed')];
      if (items.length === 0) {
        const id = itemId('msg', requestId, 0);
        events.push(...begin({ kind: 'text', id, text: '', logprobs: [], status: 'in_progress' }));
        events.push(...close(isCutShort ? 'incomplete' : 'completed'));
      }
      return events;
    },
    list: () => items.map(itemObject),
  };
}

function itemObject(item: OutputItem): object {
  const { id, status } = item;
  switch (item.kind) {
    case 'text':
      return {
        id,
        type: 'message',
        status,
        role: 'assistant',
        content: status === 'in_progress' ? [] : [contentPart(item)],
      };
    case 'reasoning':
      return {
        id,
        type: 'reasoning',
        status,
        summary: [],
        content: status === 'in_progress' ? [] : [contentPart(item)],
        encrypted_content: null,
      };
    case 'call':
      return {
        id,
        type: 'function_call',
        status,
        call_id: item.callId,
        name: item.name,
        arguments: item.arguments,
      };
  }
}

function contentPart(item: TextItem): object {
  return item.kind === 'text'
    ? { type: 'output_text', text: item.text, annotations: [], logprobs: chatLogprobs(item.logprobs) }
    : { type: 'reasoning_text', text: item.text };
}

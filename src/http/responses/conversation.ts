import type { Message } from '../../chat/request.ts';
import type { ToolCall } from '../../chat/tool.ts';
import { textOfContent } from '../text-content.ts';
import { invalid } from '../tool-use.ts';
import { inputContent } from './input-content.ts';
import type { InputItem } from './input-schema.ts';

/** An answer whose items are still being put together. */
interface OpenTurn {
  content: string;
  hasText: boolean;
  reasoning: string[];
  toolCalls: ToolCall[];
}

/**
 * Items as messages: thoughts, text and calls that follow each other are one turn of the assistant, as they were one
 * answer; thoughts that lead to nothing are left out.
 * @param firstField index of the first item in the client's own list, for errors; earlier ones were stored
 * @throws NearfarError `invalid_request` for a result without a call
 */
export function messagesOf(items: readonly InputItem[], firstField = 0): readonly Message[] {
  const messages: Message[] = [];
  /** Names of the functions that were called, by the calls' ids. */
  const called = new Map<string, string>();
  let turn: OpenTurn | null = null;

  function close(): void {
    if (turn === null) return;
    const { content, hasText, reasoning, toolCalls } = turn;
    turn = null;
    if (!hasText && toolCalls.length === 0) return;
    messages.push({
      role: 'assistant',
      content,
      ...(reasoning.length === 0 ? {} : { reasoning: reasoning.join('\n') }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    });
  }

  /** The turn that is open; a new one where text or thoughts come behind text or calls. */
  function open(goesOn: (open: OpenTurn) => boolean): OpenTurn {
    if (turn !== null && !goesOn(turn)) close();
    return (turn ??= { content: '', hasText: false, reasoning: [], toolCalls: [] });
  }
  const fieldOf = (index: number): string =>
    index < firstField ? 'previous_response_id' : `input[${index - firstField}]`;
  const isSilent = (open: OpenTurn): boolean => !open.hasText && open.toolCalls.length === 0;

  items.forEach((item, index) => {
    switch (item.type) {
      case undefined:
      case 'message':
        if (item.role === 'assistant') {
          const own = open(isSilent);
          own.content = typeof item.content === 'string' ? item.content : answerText(item.content);
          own.hasText = true;
        } else {
          close();
          messages.push(
            item.role === 'user'
              ? { role: 'user', ...inputContent(item.content, `${fieldOf(index)}.content`) }
              : { role: 'system', content: textOfContent(item.content) },
          );
        }
        break;
      case 'reasoning': {
        const text = thoughtText(item);
        if (text !== '') open(isSilent).reasoning.push(text);
        break;
      }
      case 'function_call':
        called.set(item.call_id, item.name);
        open(() => true).toolCalls.push({ id: item.call_id, name: item.name, arguments: item.arguments });
        break;
      case 'function_call_output': {
        close();
        const name = called.get(item.call_id);
        if (name === undefined) {
          throw invalid(`${fieldOf(index)}.call_id`, 'no function_call before this item has this call_id');
        }
        const content = inputContent(item.output, `${fieldOf(index)}.output`);
        messages.push({ role: 'tool', ...content, toolCallId: item.call_id, name });
        break;
      }
    }
  });
  close();
  return messages;
}

type AnswerContent = Exclude<Extract<InputItem, { role: 'assistant' }>['content'], string>;

function answerText(content: AnswerContent): string {
  return content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('\n');
}

/** The thoughts themselves where they are there, else what was told of them. */
function thoughtText({ content, summary }: Extract<InputItem, { type: 'reasoning' }>): string {
  const own = content ?? [];
  return (own.length > 0 ? own : (summary ?? [])).map(({ text }) => text).join('\n');
}

import type { CapturedExchange } from '../capture/exchange.ts';
import type { ChatInput, ChatRequest, Message } from '../chat/request.ts';
import { answerInBody, comparableBody, comparableOf, type Comparable } from './question.ts';

/** Something that was asked and answered, and that other models can be asked too. */
export interface CapturedQuestion {
  readonly requestId: string;
  /** What the user asked, as the router reads it: his last message. */
  readonly prompt: string;
  readonly comparable: Comparable;
  readonly answer: string;
  readonly answeringModel: string;
  readonly tenant: string;
}

/** What stands where a secret was. Another model would be asked something else than was answered. */
const replaced = '[redacted]';

/** Pure; null where it is none: not whole, not text, not a model's own answer. */
export function questionOfExchange(exchange: CapturedExchange): CapturedQuestion | null {
  const { operation, status, finish, answerSource, answeringModel, prompt, answer } = exchange;
  const isWhole = status === 200 && (finish === 'stop' || finish === 'stop_sequence');
  if (operation !== 'chat' || !isWhole || answerSource !== 'model' || answeringModel === null) return null;
  if (!isObject(prompt) || JSON.stringify(prompt).includes(replaced)) return null;
  const comparable = prompt['kind'] === 'chat' ? comparablePrompt(prompt) : comparableBody(prompt);
  const text = answerText(answer);
  if (comparable === null || text === null || text.trim() === '' || text.includes(replaced)) return null;
  return {
    requestId: exchange.requestId,
    prompt: comparable.question.messages.findLast(({ role }) => role === 'user')?.content ?? '',
    comparable,
    answer: text,
    answeringModel,
    tenant: exchange.tenant ?? '',
  };
}

/** As `askedText` keeps it. */
function comparablePrompt(prompt: Readonly<Record<string, unknown>>): Comparable | null {
  const { outputFormat, stop, maxTokenCount, choiceCount, sampling: _, ...input } = prompt;
  if (!Array.isArray(input['messages']) || !input['messages'].every(isMessage)) return null;
  return comparableOf({
    input: input as unknown as ChatInput,
    choiceCount: typeof choiceCount === 'number' ? choiceCount : 1,
    outputFormat: (outputFormat as ChatRequest['outputFormat'] | undefined) ?? { type: 'text' },
    stop: Array.isArray(stop) ? (stop as readonly string[]) : [],
    maxTokenCount: typeof maxTokenCount === 'number' ? maxTokenCount : null,
  });
}

function isMessage(value: unknown): value is Message {
  return isObject(value) && typeof value['role'] === 'string' && typeof value['content'] === 'string';
}

function answerText(answer: unknown): string | null {
  if (!Array.isArray(answer))
    return isObject(answer) ? answerInBody(Buffer.from(JSON.stringify(answer))) : null;
  const [choice, ...others] = answer as readonly unknown[];
  if (!isObject(choice) || others.length > 0 || choice['toolCalls'] !== undefined) return null;
  return typeof choice['text'] === 'string' ? choice['text'] : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

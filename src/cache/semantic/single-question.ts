import type { ChatRequest } from '../../chat/request.ts';
import { answerKey, type AnswerOrigin } from '../answer-key.ts';

/** A request that is one question and nothing else. */
export interface SingleQuestion {
  /** As the user wrote it. */
  readonly text: string;
  /** One for all requests that differ in nothing but that text. */
  readonly scope: string;
}

/** Longer ones hold more than an embedding of a sentence, and the rules for English, can tell apart. In characters. */
export const longestText = 500;

/**
 * Pure: what of a request may be compared by meaning, null where nothing: only a conversation of one turn, without tools, with one
 * answer and no probabilities wanted. Everything else of it must be the same to the letter, tenant, privacy label, model, system text,
 * sampling and form included: that is the scope.
 */
export function singleQuestion(request: ChatRequest, origin: AnswerOrigin): SingleQuestion | null {
  const { input, choiceCount, topLogprobCount, ignoreEndOfGeneration } = request;
  if (input.kind !== 'chat' || input.toolUse !== undefined) return null;
  if (choiceCount !== 1 || topLogprobCount !== null || ignoreEndOfGeneration) return null;
  const last = input.messages.at(-1);
  const before = input.messages.slice(0, -1);
  if (last?.role !== 'user' || before.some(({ role }) => role !== 'system')) return null;
  const text = last.content.trim();
  if (text === '' || text.length > longestText) return null;
  const blank = { ...input, messages: [...before, { role: 'user', content: '' } as const] };
  return { text, scope: answerKey({ ...request, input: blank }, origin) };
}

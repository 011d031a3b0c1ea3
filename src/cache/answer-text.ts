import type { ChatPart } from '../chat/part.ts';
import type { KeptAnswer } from './kept-answers.ts';
import type { PassingPart } from './passing-answer.ts';

/** As an answer lies in a database; another version of this program may have written it. */
type AnswerText =
  | { readonly version: 1; readonly parts: readonly ChatPart[] }
  | {
      readonly version: 1;
      readonly contentType: string;
      /** Bytes in base64, and what they say. */
      readonly items: readonly (readonly [string, readonly PassingPart[]])[];
    };

/** Pure: null where JSON would not give it back as it was: numbers of tokens' odds may be infinite. */
export function answerText(answer: KeptAnswer): string | null {
  if ('parts' in answer) {
    if (answer.parts.some(hasOdds)) return null;
    return textOf({ version: 1, parts: answer.parts });
  }
  if (answer.items.some(({ parts }) => parts.some(hasOdds))) return null;
  const items = answer.items.map(
    ({ bytes, parts }) => [Buffer.from(bytes).toString('base64'), parts] as const,
  );
  return textOf({ version: 1, contentType: answer.contentType, items });
}

function textOf(text: AnswerText): string {
  return JSON.stringify(text);
}

/** Pure: null for what this version did not write. */
export function readAnswerText(text: string, facts: Pick<KeptAnswer, 'madeAt' | 'owner'>): KeptAnswer | null {
  let read: Partial<Record<'version' | 'parts' | 'contentType' | 'items', unknown>> | null;
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    return null;
  }
  if (read?.version !== 1) return null;
  const { parts, contentType, items } = read;
  if (Array.isArray(parts)) return { ...facts, parts: parts as readonly ChatPart[] };
  if (typeof contentType !== 'string' || !Array.isArray(items)) return null;
  return {
    ...facts,
    contentType,
    items: (items as [string, readonly PassingPart[]][]).map(([bytes, said]) => ({
      bytes: Buffer.from(bytes, 'base64'),
      parts: said,
    })),
  };
}

function hasOdds(part: ChatPart | PassingPart): boolean {
  return part.type === 'text-delta' && part.logprobs !== undefined;
}

import { bodyKey, type BodyOrigin, type BodyRequest } from '../body-key.ts';
import type { RuledBody } from '../body-rules.ts';
import type { JsonPath } from '../canonical-body.ts';
import { longestText, type SingleQuestion } from './single-question.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Pure: the same as `singleQuestion` of a body in an upstream's own language, null where it is not one question and nothing else.
 * The scope is the key of the body without that text, so all else counts to the letter, known to nearfar or not.
 */
export function questionInBody(request: BodyRequest & RuledBody, origin: BodyOrigin): SingleQuestion | null {
  const { body, operation } = request;
  if (operation !== 'chat' || asksForMore(body)) return null;
  const turns = turnsOf(body);
  const last = turns?.at(-1);
  const text = last?.role === 'user' ? last.text : null;
  if (turns === null || text === null) return null;
  const before = turns.slice(0, -1);
  // A text that stands there twice could not be told from the other.
  if (before.some((turn) => !systemRoles.has(turn.role) || turn.text === null || turn.text === text))
    return null;
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longestText) return null;
  const scope = bodyKey(request, origin, (path, value) => value === text && isTurnText(path));
  return scope === null ? null : { text: trimmed, scope };
}

const systemRoles: ReadonlySet<string> = new Set(['system', 'developer']);

/** Tools, several answers, odds of tokens, or an answer that goes on behind its end. */
function asksForMore(body: Json): boolean {
  const { n, best_of: bestOf, logprobs, top_logprobs: topLogprobs, ignore_eos: ignoresEnd } = body;
  if (['tools', 'functions'].some((name) => !isNothing(body[name]))) return true;
  if ([n, bestOf].some((count) => !isNothing(count) && count !== 1)) return true;
  return [logprobs, topLogprobs, ignoresEnd].some((value) => !isNothing(value) && value !== 0);
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0)
  );
}

interface Turn {
  readonly role: string;
  /** Null: more than one text, or none. */
  readonly text: string | null;
}

/** The turns of a conversation in any of the languages; null where there is none. */
function turnsOf({ messages, input }: Json): readonly Turn[] | null {
  if (typeof input === 'string' && messages === undefined) return [{ role: 'user', text: input }];
  const list: unknown = messages ?? input;
  if (!Array.isArray(list) || (messages !== undefined && input !== undefined)) return null;
  return list.map((item: unknown) => {
    const { role, content } = isObject(item) ? item : {};
    return { role: typeof role === 'string' ? role : '', text: textOf(content) };
  });
}

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length !== 1) return null;
  const [block] = content as readonly unknown[];
  const { type, text } = isObject(block) ? block : {};
  return (type === 'text' || type === 'input_text') && typeof text === 'string' ? text : null;
}

/** Where such a text stands. */
const places: readonly JsonPath[] = [
  ['input'],
  ['messages', null, 'content'],
  ['input', null, 'content'],
  ['messages', null, 'content', null, 'text'],
  ['input', null, 'content', null, 'text'],
];

function isTurnText(path: JsonPath): boolean {
  return places.some(
    (place) => place.length === path.length && place.every((step, index) => step === path[index]),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import type { KeyedHash } from '../promptcache/keyed-hash.ts';

/** What a session is known by: hashes of the names that its client gives it, and of how the conversation begins. */
export interface SessionKeys {
  /** Of names; where there is one, it alone says which session this is. */
  readonly named: readonly string[];
  /** Of the messages before the first answer; null where there are none. Other conversations may begin with the same ones. */
  readonly opening: string | null;
  /** Of those and the first answer; null where none was given yet. */
  readonly answered: string | null;
}

const hashLength = 32;

/**
 * Pure but for the key of the hash.
 * @param value a request of ours or the body of any dialect
 */
export function sessionKeys(
  hash: KeyedHash,
  tenant: string,
  ids: readonly string[],
  value: unknown,
): SessionKeys {
  const keyOf = (kind: string, ...texts: readonly string[]): string =>
    hash(JSON.stringify([kind, tenant, ...texts]), hashLength);
  const turns = turnsOf(value);
  const answerAt = turns.findIndex(({ role }) => role === 'assistant');
  const opening = (answerAt < 0 ? turns : turns.slice(0, answerAt)).map(toText);
  const answer = turns[answerAt];
  return {
    named: ids.map((id) => keyOf('name', id)),
    // Only asked for where something was found, and as long as the prompt.
    get opening() {
      return opening.length === 0 ? null : keyOf('opening', ...opening);
    },
    answered: answer === undefined ? null : keyOf('answered', ...opening, toText(answer)),
  };
}

/**
 * The `answered` that a later turn will have, once the first answer was given; null where it was given before, or where nothing was
 * asked.
 * @param answer its text, and behind it the ids of its calls
 */
export function answeredKey(hash: KeyedHash, tenant: string, value: unknown, answer: string): string | null {
  const turns = turnsOf(value);
  if (turns.length === 0 || turns.some(({ role }) => role === 'assistant')) return null;
  const texts = [...turns, { role: 'assistant', text: answer }].map(toText);
  return hash(JSON.stringify(['answered', tenant, ...texts]), hashLength);
}

interface Turn {
  readonly role: string;
  readonly text: string;
}

const toText = ({ role, text }: Turn): string => `${role}\n${text.trim()}`;

/** The turns up to the first answer, in one form for all dialects: what is system or developer to one is system to all. */
function turnsOf(value: unknown): readonly Turn[] {
  if (!isObject(value)) return [];
  const inner = isObject(value['input']) ? value['input'] : value;
  const turns: Turn[] = [];
  for (const before of [inner['system'], inner['instructions']]) {
    if (before !== undefined && before !== null) turns.push({ role: 'system', text: textOf(before) });
  }
  const list = inner['messages'] ?? inner['input'];
  if (typeof list === 'string') return [...turns, { role: 'user', text: list }];
  if (!Array.isArray(list)) return turns;
  for (const item of list as readonly unknown[]) {
    if (!isObject(item)) continue;
    const turn = turnOf(item);
    turns.push(turn);
    if (turn.role === 'assistant') break;
  }
  return turns;
}

function turnOf(item: Readonly<Record<string, unknown>>): Turn {
  const { role, type, content } = item;
  if (type === 'function_call' || type === 'reasoning') return { role: 'assistant', text: callIdOf(item) };
  const name = role === 'developer' ? 'system' : typeof role === 'string' ? role : 'tool';
  const calls = [item['tool_calls'], item['toolCalls'], content].flatMap((some) =>
    Array.isArray(some) ? (some as readonly unknown[]).map(callIdOf) : [],
  );
  return { role: name, text: textOf(content) + calls.join('') };
}

/** Only of calls: other parts have ids of other kinds. */
function callIdOf(call: unknown): string {
  if (!isObject(call)) return '';
  if (call['type'] !== undefined && call['type'] !== 'tool_use' && call['type'] !== 'function') {
    return typeof call['call_id'] === 'string' ? call['call_id'] : '';
  }
  return typeof call['id'] === 'string' ? call['id'] : '';
}

/** All text of a message. Where a picture came with it the text alone says which beginning it was. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly unknown[])
    .flatMap((part) => {
      if (!isObject(part)) return typeof part === 'string' ? [part] : [];
      return typeof part['text'] === 'string' ? [part['text']] : [];
    })
    .join('\n');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

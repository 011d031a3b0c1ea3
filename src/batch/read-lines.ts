import {
  isObject,
  keyOf,
  requestPaths,
  type JsonObject,
  type LineForm,
  type LineProblem,
  type PromptLine,
} from './prompt-line.ts';
import { textLines } from './text-lines.ts';

export interface ReadLines {
  readonly lines: readonly PromptLine[];
  readonly problems: readonly LineProblem[];
}

/**
 * Reads an input of prompts, one a line, in one of the two forms; the first line says in which. Blank lines are passed
 * over. Everything that is wrong with the lines themselves is reported, not only the first; bodies are checked by
 * whoever knows the models.
 */
export function readLines(bytes: Uint8Array): ReadLines {
  const lines: PromptLine[] = [];
  const problems: LineProblem[] = [];
  const seen = new Map<string, number>();
  let form: LineForm | null = null;
  for (const { lineNumber, text } of textLines(bytes)) {
    const report = (field: string | null, message: string): void => {
      problems.push({ lineNumber, field, message });
    };
    if (text?.trim() === '') continue;
    const value = parse(text, report);
    if (value === null) continue;
    form ??= formOf(value);
    const line = (form === 'openai' ? readOpenai : readPlain)(value, lineNumber, report);
    if (line === null) continue;
    const idField = form === 'openai' ? 'custom_id' : 'id';
    const other = seen.get(keyOf(line.id));
    if (other !== undefined) report(idField, `${keyOf(line.id)} is the id of line ${other} already`);
    else lines.push(line);
    seen.set(keyOf(line.id), other ?? lineNumber);
  }
  return { lines, problems };
}

type Report = (field: string | null, message: string) => void;

function parse(text: string | null, report: Report): JsonObject | null {
  if (text === null) {
    report(null, 'expected UTF-8');
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    report(null, 'expected a JSON object');
  } catch (thrown) {
    const why =
      thrown instanceof Error ? thrown.message.replace(/, ".*$|\s*\(line .*$/s, '') : String(thrown);
    report(null, `is no JSON: ${why}`);
  }
  return null;
}

function formOf(value: JsonObject): LineForm {
  return ['custom_id', 'method', 'url', 'body'].some((name) => name in value) ? 'openai' : 'plain';
}

/** https://platform.openai.com/docs/api-reference/batch/request-input */
function readOpenai(value: JsonObject, lineNumber: number, report: Report): PromptLine | null {
  const { custom_id: id, method, url, body, ...others } = value;
  const path = requestPaths.find((known) => known === url);
  const wrong: [string, string][] = [];
  if (typeof id !== 'string' || id === '') wrong.push(['custom_id', 'expected a text that is not empty']);
  if (method !== 'POST') wrong.push(['method', 'expected "POST"']);
  if (path === undefined) wrong.push(['url', `expected one of ${requestPaths.join(', ')}`]);
  if (!isObject(body)) wrong.push(['body', 'expected an object']);
  for (const name of Object.keys(others)) wrong.push([name, foreign('custom_id, method, url, body')]);
  for (const [field, message] of wrong) report(field, message);
  if (wrong.length > 0 || typeof id !== 'string' || path === undefined || !isObject(body)) return null;
  return { lineNumber, id, form: 'openai', path, body };
}

function readPlain(value: JsonObject, lineNumber: number, report: Report): PromptLine | null {
  const { id, prompt, ...rest } = value;
  const wrong: [string, string][] = [];
  const isId = (typeof id === 'string' && id !== '') || Number.isSafeInteger(id);
  if (!isId) wrong.push(['id', 'expected a text that is not empty, or a whole number']);
  if ('custom_id' in rest) wrong.push(['custom_id', foreign('id, and prompt or messages')]);
  if (prompt !== undefined && 'messages' in rest)
    wrong.push(['prompt', 'stands beside messages; expected one of them']);
  else if (prompt === undefined && !('messages' in rest))
    wrong.push(['prompt', 'expected a prompt, or messages']);
  else if (prompt !== undefined && (typeof prompt !== 'string' || prompt === ''))
    wrong.push(['prompt', 'expected a text that is not empty']);
  if (rest['n'] !== undefined && rest['n'] !== null && rest['n'] !== 1)
    wrong.push(['n', 'expected 1: a plain line has one answer; the OpenAI batch form takes more']);
  for (const [field, message] of wrong) report(field, message);
  if (wrong.length > 0) return null;
  const body = prompt === undefined ? rest : { ...rest, messages: [{ role: 'user', content: prompt }] };
  return { lineNumber, id: id as string | number, form: 'plain', path: '/v1/chat/completions', body };
}

/** A field that belongs to no form, or to the one that the first line does not have. */
function foreign(expected: string): string {
  return `is no field of this form, which the first line set; expected ${expected}`;
}

import type { CallSink } from './call-sink.ts';
import type { CharacterSource, Reading } from './character-source.ts';

/** What a literal of Python can mean in JSON. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Read, or malformed. */
type Outcome = { readonly value: Value } | null;

const deepest = 64;

/**
 * `f(city="Paris", days=3)`, as Gemma writes into ```tool_code and Llama after <|python_tag|> (there as `f.call(…)`).
 * Arguments are keywords with literals; `print(…)` around the call and modules before its name are passed over.
 * @returns false where it is no call of a known tool
 */
export function* readPythonCall(source: CharacterSource, sink: CallSink): Reading<boolean> {
  const path = yield* readName(source);
  if (!(yield* source.literal('('))) return false;
  if (path === 'print') {
    yield* source.space();
    if (!(yield* readPythonCall(source, sink))) return false;
    yield* source.space();
    return yield* source.literal(')');
  }
  const name = toolName(path, sink);
  if (name === null) return false;
  const values = yield* readKeywords(source);
  if (values === null) return false;
  sink.begin(name);
  sink.argue(JSON.stringify(values));
  sink.complete();
  return true;
}

function toolName(path: string, sink: CallSink): string | null {
  const withoutCall = path.endsWith('.call') ? path.slice(0, -'.call'.length) : path;
  const last = withoutCall.slice(withoutCall.lastIndexOf('.') + 1);
  return [path, withoutCall, last].find((name) => name !== '' && sink.knows(name)) ?? null;
}

function* readName(source: CharacterSource): Reading<string> {
  let name = '';
  for (let next = yield* source.peek(); next !== null && /[\w.-]/.test(next); next = yield* source.peek()) {
    name += (yield* source.take()) ?? '';
  }
  return name;
}

function* readKeywords(source: CharacterSource): Reading<Readonly<Record<string, Value>> | null> {
  const entries: [string, Value][] = [];
  yield* source.space();
  while ((yield* source.peek()) !== ')') {
    const key = yield* readName(source);
    yield* source.space();
    if (key === '' || !(yield* source.literal('='))) return null;
    yield* source.space();
    const outcome = yield* readValue(source, 0);
    if (outcome === null) return null;
    entries.push([key, outcome.value]);
    if (!(yield* afterValue(source, ')'))) return null;
  }
  yield* source.take();
  return Object.fromEntries(entries);
}

/** A comma, which is taken, or the closing character, which is not. */
function* afterValue(source: CharacterSource, close: string): Reading<boolean> {
  yield* source.space();
  if ((yield* source.peek()) === close) return true;
  if (!(yield* source.literal(','))) return false;
  yield* source.space();
  return true;
}

function* readValue(source: CharacterSource, depth: number): Reading<Outcome> {
  if (depth > deepest) return null;
  const first = yield* source.peek();
  if (first === null) return null;
  if (first === '"' || first === "'") return yield* readText(source, first);
  if (first === '[') return yield* readList(source, depth);
  if (first === '{') return yield* readDictionary(source, depth);
  let word = '';
  for (let next = yield* source.peek(); next !== null && /[\w.+-]/.test(next); next = yield* source.peek()) {
    word += (yield* source.take()) ?? '';
  }
  if (/^[Tt]rue$/.test(word)) return { value: true };
  if (/^[Ff]alse$/.test(word)) return { value: false };
  if (word === 'None' || word === 'null') return { value: null };
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word) ? { value: Number(word) } : null;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' };

function* readText(source: CharacterSource, quote: string): Reading<Outcome> {
  yield* source.take();
  let text = '';
  for (;;) {
    const character = yield* source.take();
    if (character === null || character === '\n') return null;
    if (character === quote) return { value: text };
    if (character === '\\') {
      const escaped = yield* source.take();
      if (escaped === null) return null;
      text += escapes[escaped] ?? escaped;
    } else text += character;
  }
}

function* readList(source: CharacterSource, depth: number): Reading<Outcome> {
  const values: Value[] = [];
  yield* source.take();
  yield* source.space();
  while ((yield* source.peek()) !== ']') {
    const outcome = yield* readValue(source, depth + 1);
    if (outcome === null) return null;
    values.push(outcome.value);
    if (!(yield* afterValue(source, ']'))) return null;
  }
  yield* source.take();
  return { value: values };
}

function* readDictionary(source: CharacterSource, depth: number): Reading<Outcome> {
  const entries: [string, Value][] = [];
  yield* source.take();
  yield* source.space();
  while ((yield* source.peek()) !== '}') {
    const key = yield* readValue(source, depth + 1);
    yield* source.space();
    if (typeof key?.value !== 'string' || !(yield* source.literal(':'))) return null;
    yield* source.space();
    const outcome = yield* readValue(source, depth + 1);
    if (outcome === null) return null;
    entries.push([key.value, outcome.value]);
    if (!(yield* afterValue(source, '}'))) return null;
  }
  yield* source.take();
  return { value: Object.fromEntries(entries) };
}

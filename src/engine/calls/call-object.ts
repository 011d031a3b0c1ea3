import { noArguments, type CallSink } from './call-sink.ts';
import type { CharacterSource, Reading } from './character-source.ts';
import { afterItem, readJson, readKey, readString } from './json-reading.ts';

/**
 * `{"name": "f", "arguments": {…}}`, with the members in any order; `parameters` means the same as `arguments`, `type`
 * and `id` are passed over, and OpenAI's own form with a `function` inside is taken too. Anything else is no call, which
 * is known at the first member that does not belong.
 * @returns false where it is none
 */
export function* readCallObject(source: CharacterSource, sink: CallSink): Reading<boolean> {
  if (!(yield* readMembers(source, sink, true))) return false;
  sink.complete();
  return true;
}

function* readMembers(source: CharacterSource, sink: CallSink, mayNest: boolean): Reading<boolean> {
  let hasName = false;
  let isNested = false;
  /** Arguments that came before the name; null: none yet. */
  let early: string | null = null;
  let hasArguments = false;
  if (!(yield* source.literal('{'))) return false;
  yield* source.space();
  for (
    let state: 'more' | 'closed' | 'bad' = 'more';
    state !== 'closed';
    state = yield* afterItem(source, '}')
  ) {
    if (state === 'bad') return false;
    const key = yield* readKey(source);
    if (key === null) return false;
    switch (key) {
      case 'name': {
        const name = yield* readString(source);
        if (hasName || isNested || name === null || !sink.knows(name)) return false;
        hasName = true;
        sink.begin(name);
        if (early !== null) sink.argue(early);
        break;
      }
      case 'arguments':
      case 'parameters': {
        if (hasArguments || isNested) return false;
        hasArguments = true;
        let text = '';
        const isRead = yield* readArguments(source, (piece) => {
          if (hasName) sink.argue(piece);
          else text += piece;
        });
        if (!isRead) return false;
        if (!hasName) early = text;
        break;
      }
      case 'function':
        if (!mayNest || hasName || hasArguments || isNested) return false;
        isNested = true;
        if (!(yield* readMembers(source, sink, false))) return false;
        break;
      case 'type':
      case 'id':
        if (!(yield* readJson(source))) return false;
        break;
      default:
        return false;
    }
  }
  if (isNested) return true;
  if (!hasName) return false;
  if (!hasArguments) sink.argue(noArguments);
  return true;
}

/** An object as it is written; or one that the model wrapped in a string; or null for none. */
function* readArguments(source: CharacterSource, give: (text: string) => void): Reading<boolean> {
  const first = yield* source.peek();
  if (first === '{') return yield* readArgumentObject(source, give);
  if (first === '"') {
    const text = yield* readString(source);
    if (text === null || !isObjectText(text)) return false;
    give(text);
    return true;
  }
  if (first !== 'n' || !(yield* source.literal('null'))) return false;
  give(noArguments);
  return true;
}

/** An object, handed over as it is read. */
export function* readArgumentObject(source: CharacterSource, give: (text: string) => void): Reading<boolean> {
  if ((yield* source.peek()) !== '{') return false;
  source.tap = give;
  const isRead = yield* readJson(source);
  source.tap = null;
  return isRead;
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

import { NearfarError } from '../../chat/error.ts';
import type { Automaton, AutomatonWork } from './automaton.ts';
import { regexAutomaton, workLimit } from './regex-automaton.ts';

/** A schema that applies, and where it stands. Its own schemas have longer pointers. */
export interface Located {
  /** JSON pointer from the root (RFC 6901), e.g. `/properties/name`; the empty string is the root. */
  readonly pointer: string;
  readonly schema: unknown;
}

export type SchemaObject = Readonly<Record<string, unknown>>;

/** One schema document: references are resolved in it, and errors name places in it. */
export interface SchemaSource {
  readonly root: Located;
  /** @throws NearfarError `invalid_request` where the reference leads out of the document or nowhere */
  resolve(reference: unknown, from: string): Located;
  /** Counts a schema that was looked at. @throws NearfarError `invalid_request` where it was too many */
  visit(pointer: string): void;
  /**
   * The texts in which a pattern is found; made once.
   * @throws RegexProblem as `regexAutomaton` does
   */
  automaton(pattern: string): Automaton;
  /** What is left for automata. */
  readonly work: AutomatonWork;
  /** `invalid_request` that names the keyword by its pointer. */
  problem(pointer: string, keyword: string, what: string): NearfarError;
}

/** A visit takes some microseconds, so that compiling ends within a fraction of a second whatever the schema. */
const visitLimit = 50_000;

/** @param field where the schema stands in the client's request, e.g. `response_format.json_schema.schema` */
export function createSchemaSource(root: unknown, field: string): SchemaSource {
  function problem(pointer: string, keyword: string, what: string): NearfarError {
    const place = keyword === '' ? `#${pointer}` : `#${pointer}/${encodeStep(keyword)}`;
    const name = keyword === '' ? '' : `${keyword} `;
    return new NearfarError('invalid_request', `${field}: ${name}at ${place}: ${what}.`, { field });
  }

  function resolve(reference: unknown, from: string): Located {
    if (typeof reference !== 'string') throw problem(from, '$ref', 'expected a string');
    if (!reference.startsWith('#')) {
      throw problem(from, '$ref', 'only references inside the schema (#...) are followed');
    }
    const fragment = decodeFragment(reference.slice(1));
    if (fragment === null) throw problem(from, '$ref', 'is no valid URI fragment');
    const target = fragment === '' || fragment.startsWith('/') ? at(root, fragment) : anchor(fragment);
    if (target === null) throw problem(from, '$ref', 'nothing stands there');
    const base = baseAbove(root, from);
    if (base !== null)
      throw problem(base, '$id', 'gives the references inside a base of their own, which is not followed');
    return target;
  }

  let anchors: ReadonlyMap<string, Located> | null = null;
  function anchor(name: string): Located | null {
    anchors ??= anchorsIn(root);
    return anchors.get(name) ?? null;
  }

  const work = { left: workLimit };
  const automata = new Map<string, Automaton>();
  function automaton(pattern: string): Automaton {
    let made = automata.get(pattern);
    if (made === undefined) {
      made = regexAutomaton(pattern, work);
      automata.set(pattern, made);
    }
    return made;
  }

  let visitCount = 0;
  function visit(pointer: string): void {
    visitCount += 1;
    if (visitCount > visitLimit)
      throw problem(pointer, '', 'the schema is too complex: its parts combine too often');
  }

  return { visit, automaton, work, root: { pointer: '', schema: root }, resolve, problem };
}

export function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function child(parent: string, ...steps: readonly (string | number)[]): string {
  return parent + steps.map((step) => `/${encodeStep(String(step))}`).join('');
}

function encodeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

function decodeFragment(fragment: string): string | null {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return null;
  }
}

function at(root: unknown, pointer: string): Located | null {
  let schema = root;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, key)) return null;
    schema = (schema as Record<string, unknown>)[key];
  }
  return { pointer, schema };
}

/** Where each `$anchor` (or `$id` of the form `#name`) stands. */
function anchorsIn(root: unknown): ReadonlyMap<string, Located> {
  const anchors = new Map<string, Located>();
  const open: Located[] = [{ pointer: '', schema: root }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { pointer, schema } = place;
    if (typeof schema !== 'object' || schema === null) continue;
    if (isSchemaObject(schema)) {
      const { $anchor, $id } = schema;
      if (typeof $anchor === 'string') anchors.set($anchor, place);
      else if (typeof $id === 'string' && $id.startsWith('#')) anchors.set($id.slice(1), place);
    }
    for (const [key, inner] of Object.entries(schema))
      open.push({ pointer: child(pointer, key), schema: inner });
  }
  return anchors;
}

/** The pointer of a schema below the root, at or above a place, whose `$id` changes what references mean there. */
function baseAbove(root: unknown, pointer: string): string | null {
  let schema = root;
  let at = '';
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, key)) return null;
    schema = (schema as Record<string, unknown>)[key];
    at += `/${step}`;
    const id = isSchemaObject(schema) ? schema['$id'] : undefined;
    if (typeof id === 'string' && !id.startsWith('#')) return at;
  }
  return null;
}

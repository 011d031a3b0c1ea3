import { createHash } from 'node:crypto';
import type { PrivacyLabel } from '../chat/request.ts';
import type { Secret } from '../chat/secret.ts';
import { canonicalBody, type JsonPath } from './canonical-body.ts';

/** A request in an upstream's own language. */
export interface BodyRequest {
  readonly tenant: string;
  readonly privacy: PrivacyLabel;
  readonly protocol: string;
  /** Behind the upstream's base address. */
  readonly path: string;
  readonly isStreamed: boolean;
  /** The body as it came. */
  readonly text: string;
  /** Of the client's headers those that are part of the language. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface BodyOrigin {
  /** The model that answers, never an alias; the upstream's name stands before it. */
  readonly modelId: string;
  /** The client's own key, where the upstream gets it: the answer may be that account's alone. */
  readonly clientKey: Secret | null;
}

/**
 * Pure: one key for all bodies that must get the same bytes, base64url, 43 characters; null where none can be told. Every
 * member counts, known or not, but the model's name (it is the origin's), `stream` (what it comes to counts) and marks for
 * providers' prompt caches, each only where it is one. The order of members counts where it may say something: in
 * schemas, and in whatever is not known to be without.
 * @param isBlanked texts that do not count, for a key of all bodies that differ in nothing else
 */
export function bodyKey(
  request: BodyRequest,
  { modelId, clientKey }: BodyOrigin,
  isBlanked: (path: JsonPath, text: string) => boolean = () => false,
): string | null {
  const { tenant, privacy, protocol, path, isStreamed, text, headers } = request;
  const body = canonicalBody(text, { leavesOut, isSorted, isBlanked });
  if (body === null) return null;
  const named = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const rest = [modelId, clientKey?.reveal() ?? null, tenant, privacy, protocol, path, isStreamed, named];
  return createHash('sha256')
    .update(`bytes\n${JSON.stringify(rest)}\n${body}`)
    .digest('base64url');
}

const ownMembers = new Set(['model', 'stream']);
const topMarks = new Set([
  'cache_control',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
]);
const innerMarks = new Set(['cache_control', 'prompt_cache_breakpoint']);
/** Objects that can bear a mark. */
const marked: readonly JsonPath[] = [
  ['system', null],
  ['messages', null],
  ['messages', null, 'content', null],
  ['input', null],
  ['input', null, 'content', null],
  ['tools', null],
];

function leavesOut(path: JsonPath): boolean {
  const name = path.at(-1) ?? null;
  if (name === null) return false;
  if (path.length === 1) return ownMembers.has(name) || topMarks.has(name);
  return innerMarks.has(name) && marked.some((place) => isInside(path, place));
}

/** A member of the object there. */
function isInside(path: JsonPath, place: JsonPath): boolean {
  return path.length === place.length + 1 && place.every((step, index) => step === path[index]);
}

/** The body's own members, and whatever these hold. */
const sortedMembers = new Set([
  'messages',
  'input',
  'system',
  'options',
  'metadata',
  'logit_bias',
  'stream_options',
  'reasoning',
  'thinking',
]);

function isSorted(path: JsonPath): boolean {
  const [first] = path;
  return first === undefined || (first !== null && sortedMembers.has(first));
}

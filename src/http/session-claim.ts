import { NearfarError } from '../chat/error.ts';
import type { SessionClaim } from '../chat/verdict.ts';
import type { Call } from './operation.ts';

/** Headers that name a session: our own, and those that coding agents send. */
const sessionHeaders = ['session_id', 'session-id', 'x-claude-code-session-id'] as const;
/** Members of `metadata` and of Codex's `client_metadata` that name one. */
const sessionMembers = ['session_id', 'conversation_id', 'thread_id', 'chat_id'] as const;
/** Labels of the client's own; they reach no model through our own requests. */
const asideFields = ['user', 'metadata', 'safety_identifier', 'client_metadata'] as const;

/**
 * What a request says of the session that it belongs to; undefined where nothing. A name of a user is none of a session.
 * @throws NearfarError `invalid_request` naming a malformed `x-nearfar-session`
 */
export function readSession({ headers, body, found }: Call<unknown>): SessionClaim | undefined {
  const own = readOwn(headers.get('x-nearfar-session'));
  const ids: string[] = own === null ? [] : [`header ${own}`];
  for (const name of sessionHeaders) {
    const value = headers.get(name);
    if (value !== null && value !== '') ids.push(`header ${value}`);
  }
  const aside: Record<string, unknown> = {};
  if (typeof body === 'object' && body !== null) {
    const fields = body as Readonly<Record<string, unknown>>;
    for (const name of asideFields) if (fields[name] !== undefined) aside[name] = fields[name];
    ids.push(...namesIn(fields['metadata']), ...namesIn(fields['client_metadata']));
    const { previous_response_id: previous, conversation } = fields;
    if (typeof previous === 'string') ids.push(`response ${previous}`);
    if (typeof conversation === 'string') ids.push(`conversation ${conversation}`);
    else if (isObject(conversation) && typeof conversation['id'] === 'string') {
      ids.push(`conversation ${conversation['id']}`);
    }
  }
  const hasAside = Object.keys(aside).length > 0;
  if (ids.length === 0 && !hasAside && found === undefined) return undefined;
  return { ids, ...(hasAside ? { aside } : {}), ...(found === undefined ? {} : { found }) };
}

function namesIn(metadata: unknown): readonly string[] {
  if (!isObject(metadata)) return [];
  const names = sessionMembers.flatMap((name) => {
    const value = metadata[name];
    return typeof value === 'string' && value !== '' ? [`metadata ${value}`] : [];
  });
  // Claude Code puts user, account and session into one.
  const { user_id: user } = metadata;
  return typeof user === 'string' && user.includes('session') ? [...names, `metadata ${user}`] : names;
}

function readOwn(header: string | null): string | null {
  if (header === null) return null;
  if (/^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new NearfarError(
    'invalid_request',
    'x-nearfar-session: expected 1 to 200 printable characters without spaces.',
    { field: 'x-nearfar-session' },
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

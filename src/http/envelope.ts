import { localCaller } from '../access/create-access.ts';
import { NearfarError } from '../chat/error.ts';
import {
  priorities,
  type CacheWish,
  type ChatRequest,
  type Dialect,
  type Priority,
  type PrivacyLabel,
} from '../chat/request.ts';
import { Secret } from '../chat/secret.ts';
import { tighten } from '../privacy/label.ts';
import type { RequestHeaders } from './arrived-request.ts';
import type { Call } from './operation.ts';
import { readSession } from './session-claim.ts';

/** What a ChatRequest takes from the connection and the headers, the same for every dialect. */
export type Envelope = Pick<
  ChatRequest,
  | 'id'
  | 'arrivedAt'
  | 'dialect'
  | 'privacy'
  | 'session'
  | 'tenant'
  | 'deadlineAt'
  | 'answerCache'
  | 'clientKey'
> & {
  /** From the header, which goes before what a body says; null = not given. */
  readonly priority: Priority | null;
};

/** @throws NearfarError `invalid_request` naming a malformed `x-nearfar-*` header */
export function readEnvelope(call: Call<unknown>, dialect: Dialect): Envelope {
  // Where nearfar has keys of its own, what a client sends is one of them, and goes no further.
  const clientKey = call.caller === localCaller ? readSecret(call.headers) : null;
  const session = readSession(call);
  return {
    id: call.requestId,
    arrivedAt: call.arrivedAt,
    dialect,
    privacy: tighten(
      readPrivacy(call.headers.get('x-nearfar-privacy')),
      call.caller.limits?.isLocalOnly === true ? 'local_only' : 'open',
    ),
    tenant: call.caller.tenant,
    priority: readPriority(call.headers.get('x-nearfar-priority')),
    answerCache: readCacheWish(call.headers.get('x-nearfar-cache')),
    deadlineAt: readDeadline(call.headers.get('x-nearfar-timeout-ms')),
    ...(session === undefined ? {} : { session }),
    ...(clientKey === null ? {} : { clientKey: new Secret(clientKey) }),
  };
}

/** The secret that a client sends, by either of the two headers that clients use. */
export function readSecret(headers: Pick<RequestHeaders, 'get'>): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  return bearer ?? headers.get('x-api-key');
}

/** A label that is not understood must not weaken what the client asked for, so it is an error. */
function readPrivacy(header: string | null): PrivacyLabel {
  if (header === null || header === 'open') return 'open';
  if (header === 'local_only') return 'local_only';
  throw new NearfarError('invalid_request', 'x-nearfar-privacy: expected local_only or open.', {
    field: 'x-nearfar-privacy',
  });
}

function readPriority(header: string | null): Priority | null {
  const found = priorities.find((priority) => priority === header);
  if (header === null) return null;
  if (found !== undefined) return found;
  const names = `${priorities.slice(0, -1).join(', ')} or ${priorities.at(-1) ?? ''}`;
  throw new NearfarError('invalid_request', `x-nearfar-priority: expected ${names}.`, {
    field: 'x-nearfar-priority',
  });
}

function readCacheWish(header: string | null): CacheWish {
  if (header === null) return 'auto';
  if (header === 'auto' || header === 'use' || header === 'refresh' || header === 'off') return header;
  throw new NearfarError('invalid_request', 'x-nearfar-cache: expected auto, use, refresh or off.', {
    field: 'x-nearfar-cache',
  });
}

function readDeadline(header: string | null): number | null {
  if (header === null) return null;
  const milliseconds = /^\d{1,9}$/.test(header) ? Number(header) : 0;
  if (milliseconds > 0) return Date.now() + milliseconds;
  throw new NearfarError(
    'invalid_request',
    'x-nearfar-timeout-ms: expected a whole number of milliseconds.',
    {
      field: 'x-nearfar-timeout-ms',
    },
  );
}

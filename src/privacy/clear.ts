import { NearfarError } from '../chat/error.ts';
import type { ChatRequest, PrivacyLabel } from '../chat/request.ts';
import { isRedacted } from './redaction/seals.ts';

/**
 * Where a request is about to go. `machine`: stays in this machine's memory and disk. `inside`: another machine that the
 * owner declared to be within his boundary. `outside`: anything that another party can read, be it an upstream, a shared
 * cache, an embedding service or a trace.
 */
export type Boundary = 'machine' | 'inside' | 'outside';

/** Known to this file alone: `constructor` can be reached through any instance, so the type's word is not enough. */
const passport = Symbol('cleared');

/** What carries a label. */
interface Labelled {
  readonly privacy: PrivacyLabel;
}

let construct: <B extends Boundary, R extends Labelled>(request: R, boundary: B) => ClearedRequest<B, R>;

/** The class is not exported, so that no other room can make one; its private field makes the type nominal. */
class ClearedRequest<B extends Boundary, R extends Labelled> {
  static {
    construct = (request, boundary) => new ClearedRequest(passport, request, boundary);
  }

  readonly #request: R;
  readonly #boundary: B;

  private constructor(key: symbol, request: R, boundary: B) {
    if (key !== passport) throw new TypeError('Only privacy/ clears a request.');
    // A frozen copy: what was cleared is what is sent, whatever happens to the original.
    this.#request = Object.freeze({ ...request });
    this.#boundary = boundary;
  }

  get request(): R {
    return this.#request;
  }

  get boundary(): B {
    return this.#boundary;
  }
}

/**
 * A request that may cross the boundary `B`. Whatever sends or stores a prompt beyond the engine takes this type
 * and not `ChatRequest`; only `clear` makes one.
 */
export type Cleared<B extends Boundary = Boundary, R extends Labelled = ChatRequest> = ClearedRequest<B, R>;

/** Pure: may a request with this label cross this boundary? An unknown label may cross none but the machine's own. */
export function mayCross(label: PrivacyLabel, boundary: Boundary): boolean {
  if (boundary === 'machine' || label === 'open') return true;
  // Anything else reads as outside, a boundary of the future too.
  return boundary === 'inside' && isLocalOnly(label);
}

/** Labels of the future are no less strict, whatever the type says. */
function isLocalOnly(label: string): boolean {
  return label === 'local_only';
}

/**
 * The boundary check. A label decides, with one exception: a copy that was redacted keeps the label of what it was made of, and may
 * leave all the same, because `redactRequest` made its contents and read them again.
 * @throws NearfarError `forbidden` for a `local_only` request that would leave the owner's boundary
 */
export function clear<B extends Boundary, R extends Labelled>(request: R, boundary: B): Cleared<B, R> {
  if (!mayCross(request.privacy, boundary) && !isRedacted(request)) {
    throw new NearfarError(
      'forbidden',
      'This request is marked local_only and may not leave this machine; the model that it asks for is outside.',
    );
  }
  return construct(request, boundary);
}

import { timingSafeEqual } from 'node:crypto';
import { NearfarError } from '../chat/error.ts';
import type { Access, Caller, Scope } from './access.ts';
import type { KeyBook } from './key-book.ts';
import { hashSecret } from './keys.ts';
import type { AccessKey } from './keys.ts';

export interface AccessSettings {
  /** Of the settings. */
  readonly keys: readonly AccessKey[];
  /** True where the server listens on loopback only. */
  readonly isLoopback: boolean;
  /** Those that nearfar made; null: none can be. */
  readonly book?: KeyBook | null;
  /**
   * True: nobody comes in without a key, also where there is none yet.
   * @default false
   */
  readonly requiresKeys?: boolean;
}

/** Who calls where no key is needed: the owner of this machine. */
export const localCaller: Caller = {
  keyName: 'local',
  tenant: 'local',
  scopes: new Set<Scope>(['use', 'admin', 'voice']),
};

/**
 * Without keys everyone on loopback is `local`, and whatever secret a client sends is ignored, because many
 * clients insist on sending one. With keys a request needs one of them.
 *
 * @throws NearfarError `invalid_request` where a server beyond loopback has no key, or two keys share a name
 */
export function createAccess(settings: AccessSettings): Access {
  const { keys, isLoopback, book = null, requiresKeys = false } = settings;
  if (keys.length === 0 && !isLoopback && !requiresKeys) {
    throw new NearfarError('invalid_request', 'Listening beyond loopback needs at least one access key.', {
      field: 'keys',
    });
  }
  const callers = callersOf(keys);

  function recognise(secret: string | null): Caller {
    if (callers.length === 0 && !requiresKeys && book?.hasKeys !== true) return localCaller;
    if (secret === null || secret === '') {
      throw new NearfarError(
        'unauthorized',
        'This server needs a key: send it as "Authorization: Bearer KEY" or as "x-api-key: KEY".',
      );
    }
    const hash = hashSecret(secret);
    let found: Caller | null = null;
    // Every key is compared, in constant time each: the answer's delay tells nothing about any of them.
    for (const { secretHash, caller } of callers) {
      if (timingSafeEqual(hash, secretHash)) found = caller;
    }
    found ??= book?.find(secret) ?? null;
    if (found === null) throw new NearfarError('unauthorized', 'This key is not known here.');
    return found;
  }

  async function reread(secret: string | null, fresh: KeyBook): Promise<Caller> {
    await fresh.refresh();
    // A reading that was under way may have begun before the key was made.
    if (fresh.isStale(secret)) await fresh.refresh();
    return recognise(secret);
  }

  return {
    authenticate: (secret) => (book?.isStale(secret) === true ? reread(secret, book) : recognise(secret)),
  };
}

function callersOf(
  keys: readonly AccessKey[],
): readonly { readonly secretHash: Uint8Array; readonly caller: Caller }[] {
  const names = new Set<string>();
  return keys.map(({ name, secretHash, scopes, limits }) => {
    // The name is the tenant: two keys of one name would share caches without anybody having said so.
    if (names.has(name)) {
      throw new NearfarError('invalid_request', `Two access keys are called "${name}".`, { field: 'keys' });
    }
    names.add(name);
    return { secretHash, caller: { keyName: name, tenant: name, scopes, limits } };
  });
}

/** @throws NearfarError `forbidden` naming the scope that the caller's key lacks */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope)) {
    throw new NearfarError('forbidden', `The key "${caller.keyName}" lacks the scope "${scope}".`);
  }
}

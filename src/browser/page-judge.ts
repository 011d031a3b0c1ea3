import { base64UrlOf } from '../privacy/base64.ts';
import { createJudge, createRememberAnswers, type Judged, type JudgeSetup } from '../privacy/judge.ts';
import { createScanRequest } from '../privacy/scan-request.ts';
import { sha256 } from '../privacy/sha256.ts';
import { createTaintedSessions, type TaintedSessions, type TaintStore } from '../privacy/tainted-sessions.ts';
import type { KeyedHash } from '../promptcache/keyed-hash.ts';
import type { PrivacyOptions } from './near.ts';

/** The gateway's judgement, with the page's settings: `local`, for the model of the page answers in place of what is outside. */
export interface PageJudge {
  judge<Request extends Judged>(request: Request): Request | Promise<Request>;
  /** Of a tainted conversation's first answer, so that its later turns are known. */
  remember(request: Judged, answer: string): Promise<void>;
}

/** Where hashes of tainted conversations are kept across reloads, shared between tabs of one site. */
export type TaintStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** @throws where the detectors cannot be loaded; the caller keeps everything in the page then */
export async function openPageJudge(
  options: PrivacyOptions,
  storage: TaintStorage | null,
): Promise<PageJudge> {
  const { mode = 'detect', allowsMedia = false, terms = [] } = options;
  const scan = mode === 'detect' ? (await import('./detectors.ts')).openDetectors(terms) : null;
  const memory = openMemory(storage);
  const sessions = await createTaintedSessions({
    store: memory.store,
    warn: () => undefined,
    keptCount: 2_000,
  });
  const setup: JudgeSetup = {
    floor: mode === 'page' ? 'local_only' : 'open',
    // The texts are in this page's memory anyway: what keys the findings need not hide them.
    scan: scan === null ? null : createScanRequest({ scan, hash: (text) => text, keptCount: 500 }),
    allowsMedia,
    modeOf: () => 'local',
    keyModeOf: () => null,
    nearGrade: () => 'assistant',
    sessions: withOtherTabs(sessions, storage),
    hash: memory.hash,
    check: null,
  };
  const judge = createJudge(setup);
  const rememberAnswers = createRememberAnswers(setup);
  return {
    judge: (request) => judge(request, { keyName: 'page' }),
    remember: (request, answer) => rememberAnswers(request, [answer]),
  };
}

const keyName = 'nearfar.key';
const rowsName = 'nearfar.tainted';
const hashForm = /^[\w-]{32}$/;

/** Keyed hashes and the key that they were made with; without a place to keep them, those of this page. */
function openMemory(storage: TaintStorage | null): {
  readonly hash: KeyedHash;
  readonly store: TaintStore | null;
} {
  let key = read(storage, keyName);
  const isNew = key === null || !hashForm.test(key);
  if (key === null || isNew) {
    key = base64UrlOf(crypto.getRandomValues(new Uint8Array(24)));
    write(storage, keyName, key);
  }
  const secret = key;
  const utf8 = new TextEncoder();
  const hash: KeyedHash = (text, length) =>
    base64UrlOf(sha256(utf8.encode(`${secret}\n${text}`))).slice(0, Math.min(length, 32));
  if (storage === null) return { hash, store: null };
  return {
    hash,
    store: {
      load: () =>
        Promise.resolve({
          rows: rowsIn(read(storage, rowsName)),
          faded: null,
        }),
      // Read again before it is written: another tab may have added to it.
      save(rows) {
        const kept = new Map(rowsIn(read(storage, rowsName)).map(({ hash: one, taint }) => [one, taint]));
        for (const { hash: one, taint } of rows) if (kept.get(one) !== 'kept') kept.set(one, taint);
        const newest = [...kept].slice(-2_000);
        write(
          storage,
          rowsName,
          newest.map(([one, taint]) => `${one}${taint === 'kept' ? '!' : ''}`).join(' '),
        );
        return Promise.resolve();
      },
      fade: () => Promise.resolve(),
    },
  };
}

/** What other tabs of the site have found since is looked up anew: the same conversation may go on here. */
function withOtherTabs(own: TaintedSessions, storage: TaintStorage | null): TaintedSessions {
  let text: string | null = null;
  let others: ReadonlyMap<string, 'found' | 'kept'> = new Map();
  return {
    taintOf(hashes) {
      const now = read(storage, rowsName);
      if (now !== text) {
        text = now;
        others = new Map(rowsIn(now).map(({ hash, taint }) => [hash, taint]));
      }
      const taints = [own.taintOf(hashes), ...hashes.map((hash) => others.get(hash) ?? 'clean')];
      return taints.find((taint) => taint === 'kept') ?? taints.find((taint) => taint === 'found') ?? 'clean';
    },
    mark: (hashes, taint) => own.mark(hashes, taint),
  };
}

function rowsIn(text: string | null): readonly { readonly hash: string; readonly taint: 'found' | 'kept' }[] {
  return (text ?? '').split(' ').flatMap((entry) => {
    const hash = entry.slice(0, 32);
    if (!hashForm.test(hash)) return [];
    return [{ hash, taint: entry.endsWith('!') ? ('kept' as const) : ('found' as const) }];
  });
}

function read(storage: TaintStorage | null, name: string): string | null {
  try {
    return storage?.getItem(name) ?? null;
  } catch {
    return null;
  }
}

/** A full or forbidden storage: the page remembers all the same, until it is reloaded. */
function write(storage: TaintStorage | null, name: string, text: string): void {
  try {
    storage?.setItem(name, text);
  } catch {
    // Said above.
  }
}

import type { PrivacyLabel } from '../chat/request.ts';
import type { Judged } from '../privacy/judge.ts';
import type { PrivacyOptions } from './near.ts';
import type { PageJudge, TaintStorage } from './page-judge.ts';

/** Whether a request may leave the page, and what was found. Only ever tighter than what was asked. */
export interface PagePrivacy {
  judge<Request extends Judged>(request: Request): Promise<Request>;
  remember(request: Judged, answer: string): Promise<void>;
  /** Why the last request could not be judged; null: it was. Nothing of its text. */
  readonly fault: string | null;
  /** Loads the detectors ahead, so that they are there when the page goes offline. @throws where they cannot be loaded */
  prepare(): Promise<void>;
}

export interface PagePrivacySetup {
  readonly options: PrivacyOptions;
  /** Nothing that is asked here can leave, so nothing need be read. */
  readonly isClosed: boolean;
  readonly storage: TaintStorage | null;
  /** For tests. @default the gateway's detectors, as a chunk of their own */
  readonly open?: (options: PrivacyOptions, storage: TaintStorage | null) => Promise<PageJudge>;
}

/** Fails closed: what cannot be judged stays, and so does the rest of its conversation. */
export function createPagePrivacy({
  options,
  isClosed,
  storage,
  open = openJudge,
}: PagePrivacySetup): PagePrivacy {
  let opening: Promise<PageJudge> | null = null;
  let fault: string | null = null;
  /** Names of conversations that were not judged when they should have been. */
  const unjudged = new Set<string>();

  function opened(): Promise<PageJudge> {
    opening ??= open(options, storage).catch((thrown: unknown) => {
      // A chunk that could not be fetched may be there the next time.
      opening = null;
      throw thrown;
    });
    return opening;
  }

  function kept<Request extends Judged>(request: Request, code: string): Request {
    for (const id of request.session?.ids ?? []) unjudged.add(id);
    return {
      ...request,
      privacy: 'local_only',
      verdict: {
        label: 'local_only',
        mode: 'local',
        reasons: ['detector'],
        detectors: [code],
        allowsMedia: false,
        sessionKey: null,
      },
    };
  }

  return {
    async judge<Request extends Judged>(request: Request): Promise<Request> {
      if (isClosed) return request;
      const wasUnjudged = request.session?.ids.some((id) => unjudged.has(id)) === true;
      const asked: PrivacyLabel = wasUnjudged ? 'local_only' : request.privacy;
      try {
        const judged = await (await opened()).judge({ ...request, privacy: asked });
        // A judge that forgets its work must not open anything.
        fault = judged.verdict === undefined ? 'it said nothing' : null;
        return fault === null ? judged : kept(request, 'scan.failed');
      } catch (thrown) {
        fault = thrown instanceof Error ? thrown.message : String(thrown);
        return kept(request, 'scan.failed');
      }
    },
    get fault() {
      return fault;
    },
    async remember(request, answer) {
      if (isClosed || request.privacy === 'open') return;
      try {
        await (await opened()).remember(request, answer);
      } catch {
        for (const id of request.session?.ids ?? []) unjudged.add(id);
      }
    },
    async prepare() {
      if (!isClosed) await opened();
    },
  };
}

const openJudge: NonNullable<PagePrivacySetup['open']> = async (options, storage) =>
  (await import('./page-judge.ts')).openPageJudge(options, storage);

import type { KeyMode, PrivacyFacts, RouteMode, SessionTaint } from './verdict.ts';
import { verdictOf } from './verdict.ts';
import { NearfarError } from '../chat/error.ts';
import type { ModelGrade } from '../chat/part.ts';
import type { ChatRequest, PrivacyLabel } from '../chat/request.ts';
import type { PrivacyVerdict, SessionClaim } from '../chat/verdict.ts';
import type { KeyedHash } from '../promptcache/keyed-hash.ts';
import { nothingFound, type Findings, type ScanRequest } from './scan-request.ts';
import { answeredKey, sessionKeys } from './session-keys.ts';
import type { TaintedSessions } from './tainted-sessions.ts';

/** What every request has that is judged, be it for an answer, for vectors, or the body of a dialect. */
export interface Judged extends Pick<ChatRequest, 'id' | 'requestedModel' | 'privacy' | 'tenant'> {
  readonly session?: SessionClaim;
  readonly verdict?: PrivacyVerdict;
}

/** Who asks, as far as it counts here. */
export interface JudgedCaller {
  readonly keyName: string;
  readonly limits?: { readonly privacyMode?: KeyMode | null };
}

/**
 * Sets the label of a request and the verdict behind it; only ever tighter than what the client asked for. Must come before
 * anything that stores or sends the request.
 */
export type JudgeRequest = <Request extends Judged>(
  request: Request,
  caller: JudgedCaller,
) => Request | Promise<Request>;

/** Finds by a model what patterns miss. True: the text is somebody's, or it is not sure that it is not. */
export type CheckByModel = (value: unknown, request: Judged, caller: JudgedCaller) => Promise<boolean>;

export interface JudgeSetup {
  readonly floor: PrivacyLabel;
  /** Null: texts are not read, and only what clients and the owner say counts. */
  readonly scan: ScanRequest | null;
  readonly allowsMedia: boolean;
  /** Whether the settings or this machine have a model of that name: others a client made up. @default all are known */
  readonly isKnownModel?: (requestedModel: string) => boolean;
  /** Of the name that a client asks for. */
  readonly modeOf: (requestedModel: string) => RouteMode;
  /** Of a key, by its name; null: none of its own. */
  readonly keyModeOf: (keyName: string) => KeyMode | null;
  readonly nearGrade: () => ModelGrade | null;
  readonly sessions: TaintedSessions;
  /** Under a key of this home, so that hashes of an earlier run are found again. */
  readonly hash: KeyedHash;
  /** Null: none is asked. */
  readonly check: CheckByModel | null;
}

/**
 * Tells of a first answer to a tainted request, so that the conversation that goes on from it is known: by its opening alone it
 * could not be told from others.
 * @param answers of each choice its text, and behind it the ids of its calls
 */
export type RememberAnswers = (request: Judged, answers: readonly string[]) => Promise<void>;

export function createRememberAnswers({
  sessions,
  hash,
}: Pick<JudgeSetup, 'sessions' | 'hash'>): RememberAnswers {
  return async (request, answers) => {
    const { verdict } = request;
    const taint = verdict === undefined ? 'clean' : taintBy(verdict);
    if (taint === 'clean' || isOwnQuestion(request)) return;
    const value = subjectOf(request);
    const keys = answers.flatMap((answer) => answeredKey(hash, request.tenant, value, answer) ?? []);
    await sessions.mark(keys, taint);
  };
}

export function createJudge(setup: JudgeSetup): JudgeRequest {
  const { scan, sessions, hash, check } = setup;

  function judged<Request extends Judged>(
    request: Request,
    caller: JudgedCaller,
    value: object,
    found: Findings,
  ): Request | Promise<Request> {
    const { ids = [], laterIds = [], found: earlier = [] } = request.session ?? {};
    const keys = sessionKeys(hash, request.tenant, ids, value);
    const answered = keys.answered === null ? [] : [keys.answered];
    const asked = keys.named.length > 0 ? keys.named : answered;
    const findings = earlier.length === 0 ? found : withEarlier(found, earlier);
    const keyMode = caller.limits?.privacyMode ?? setup.keyModeOf(caller.keyName);
    const isOwn = isOwnQuestion(request);
    const taint = sessions.taintOf(asked);
    return taint instanceof Promise ? taint.then((later) => decide(later)) : decide(taint);

    function decide(session: SessionTaint): Request | Promise<Request> {
      const facts = (more: Findings): PrivacyFacts => ({
        asked: request.privacy,
        floor: setup.floor,
        findings: more,
        allowsMedia: setup.allowsMedia,
        session,
        mode: isOwn ? 'block' : setup.modeOf(request.requestedModel),
        keyMode: isOwn ? null : keyMode,
        nearGrade: setup.nearGrade(),
        sessionKey: () => keys.named[0] ?? keys.opening,
      });
      const finish = (more: Findings): Request | Promise<Request> => {
        const verdict = verdictOf(facts(more));
        const labelled = { ...request, privacy: verdict.label, verdict };
        const taint = taintBy(verdict);
        if (taint === 'clean' || isOwn) return labelled;
        const later = sessionKeys(hash, request.tenant, laterIds, null).named;
        return sessions.mark([...keys.named, ...answered, ...later], taint).then((isKnown) => {
          if (isKnown) return labelled;
          throw new NearfarError(
            'unavailable',
            'This request taints its session, and the database that tells the other gateways does not answer.',
            { retryAfterSeconds: 1 },
          );
        });
      };
      const isOpen = findings === nothingFound && request.privacy === 'open' && setup.floor === 'open';
      if (check === null || !isOpen || keyMode === 'open') return finish(findings);
      return check(value, request, caller).then((isSensitive) =>
        finish(isSensitive ? { ...findings, detectors: ['model_check'] } : findings),
      );
    }
  }

  /** An upstream is told the name of the model, whatever it is, and no placeholder can stand for one. Null: nothing is in it. */
  function tellingName({ requestedModel }: Judged, caller: JudgedCaller): NearfarError | null {
    if (scan === null || setup.isKnownModel === undefined || setup.isKnownModel(requestedModel)) return null;
    if ((caller.limits?.privacyMode ?? setup.keyModeOf(caller.keyName)) === 'open') return null;
    const found = scan({ model: requestedModel });
    const detectors = found instanceof Promise ? ['too_long'] : found.detectors;
    if (detectors.length === 0) return null;
    return new NearfarError(
      'forbidden',
      `model: the name of the model has something in it that must stay here (found by ${detectors.join(', ')}), and no such model is known.`,
      { field: 'model' },
    );
  }

  return (request, caller) => {
    // Our own question whether a text may leave: it must not itself, and nobody need hear of it twice.
    if (isOwnCheck(request)) return request;
    const value = subjectOf(request);
    const telling = tellingName(request, caller);
    if (telling !== null) {
      const { named, answered } = sessionKeys(hash, request.tenant, request.session?.ids ?? [], value);
      const keys = answered === null ? named : [...named, answered];
      return sessions.mark(keys, 'found').then(() => Promise.reject(telling));
    }
    if (scan === null) return judged(request, caller, value, nothingFound);
    const aside = request.session?.aside;
    const found = scan(aside === undefined ? value : { ...value, aside });
    if (found instanceof Promise) return found.then((later) => judged(request, caller, value, later));
    return judged(request, caller, value, found);
  };
}

/** Of the owner about a request of somebody: no turn of its session, and never sent in another form. */
function isOwnQuestion(request: Judged): boolean {
  return 'purpose' in request && request.purpose !== undefined;
}

function isOwnCheck(request: Judged): boolean {
  return 'dialect' in request && request.dialect === 'internal' && request.privacy === 'local_only';
}

/** All of a request that can say something. Whatever is not known here is read as a whole. */
function subjectOf(request: object): object {
  if ('body' in request && typeof request.body === 'object' && request.body !== null) return request.body;
  if ('task' in request) return { task: request.task };
  if ('input' in request) {
    const { input, stop, outputFormat } = request as Pick<ChatRequest, 'input' | 'stop' | 'outputFormat'>;
    return { input, stop, outputFormat };
  }
  return request;
}

function withEarlier(found: Findings, earlier: readonly string[]): Findings {
  const detectors = [...new Set([...found.detectors, ...earlier])];
  return {
    ...found,
    detectors,
    hasFailed: found.hasFailed || earlier.some((code) => code.endsWith('.failed')),
  };
}

/** What later turns of the session must know. What holds for every request of a key or of this machine need not be told. */
function taintBy({ reasons, detectors }: PrivacyVerdict): Exclude<SessionTaint, 'unknown'> {
  if (reasons.includes('asked') || reasons.includes('media') || reasons.includes('session')) {
    return reasons.includes('asked') || reasons.includes('media') ? 'kept' : 'found';
  }
  if (detectors.some((code) => code.endsWith('.failed'))) return 'kept';
  return reasons.includes('detector') ? 'found' : 'clean';
}

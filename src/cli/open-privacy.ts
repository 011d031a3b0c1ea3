import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Scope } from '../access/access.ts';
import type { Answer } from '../answer/answer.ts';
import type { ModelGrade } from '../chat/part.ts';
import type { LoadedSettings } from '../config/load.ts';
import { openSecret } from '../engine/disk-tier/secret.ts';
import type { Boundary } from '../privacy/clear.ts';
import { createCheckByModel } from '../privacy/check-by-model.ts';
import { createRequestId } from '../http/request-id.ts';
import {
  createJudge,
  createRememberAnswers,
  type CheckByModel,
  type JudgeRequest,
  type RememberAnswers,
} from '../privacy/judge.ts';
import { createRedactFor, type RedactFor } from '../privacy/redaction/redacting-model.ts';
import { modeFor } from '../privacy/route-mode.ts';
import { createScanRequest } from '../privacy/scan-request.ts';
import { createScanText } from '../privacy/scan-text.ts';
import { sharedSessionSecret } from '../privacy/shared-secret.ts';
import { createSharedSessions } from '../privacy/shared-sessions.ts';
import { createTaintStore } from '../privacy/taint-store.ts';
import { createTaintedSessions } from '../privacy/tainted-sessions.ts';
import { createWithholdNames } from '../privacy/withheld-names.ts';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { resolveModelName } from '../route/resolve-model-name.ts';
import type { Store } from '../store/store.ts';
import type { UpstreamModels } from '../upstream/upstream-models.ts';
import type { ModelIndex } from './model-index.ts';
import { databaseUrl } from './open-state.ts';

export interface PrivacyParts {
  readonly loaded: LoadedSettings;
  readonly state: Pick<Store, 'db'>;
  /** What `near` stands for now. */
  readonly near: () => string;
  readonly index: Pick<ModelIndex, 'known' | 'gradeOf'>;
  /** The pipeline itself, to ask the near model. */
  readonly answer: () => Answer;
  readonly warn: (message: string, cause?: unknown) => void;
}

export interface Privacy {
  readonly label: JudgeRequest;
  readonly rememberAnswers: RememberAnswers;
  readonly redactFor: RedactFor;
}

/** What decides what may leave, under these settings. */
export async function openPrivacy(parts: PrivacyParts): Promise<Privacy> {
  const { loaded, state, answer, warn } = parts;
  const { privacy, aliases } = loaded.settings;
  const isOn = privacy.detect === 'on';
  const isShared = databaseUrl(loaded) !== null;
  const store = createTaintStore(state);
  const sessions = isShared
    ? createSharedSessions({ store, warn })
    : await createTaintedSessions({ store, warn });
  const hash = createKeyedHash(
    isShared ? await sharedSessionSecret(state) : openSecret(path.join(loaded.home, 'prompt-hashes')),
  );
  const scan = createScanText({ terms: privacy.terms });
  const label = createJudge({
    floor: privacy.floor,
    scan: isOn
      ? createScanRequest({
          scan,
          // What was found in which text is nobody's but this process's.
          hash: createKeyedHash(randomBytes(32)),
        })
      : null,
    allowsMedia: privacy.allowMedia || !isOn,
    isKnownModel: knownModels(parts),
    modeOf: (name) => modeFor(name, privacy, aliases),
    keyModeOf: (keyName) => (Object.hasOwn(privacy.keys, keyName) ? (privacy.keys[keyName] ?? null) : null),
    nearGrade: nearGrade(parts),
    sessions,
    hash,
    check: isOn && privacy.check === 'model' ? checkByModel(answer) : null,
  });
  return {
    label,
    rememberAnswers: createRememberAnswers({ sessions, hash }),
    redactFor: createRedactFor(scan),
  };
}

/** What keeps names of models that tell of somebody out of ledger and audit. */
export function openWithholding(
  parts: Pick<PrivacyParts, 'loaded' | 'index'>,
): ReturnType<typeof createWithholdNames> {
  const { detect, terms } = parts.loaded.settings.privacy;
  return detect === 'on' ? createWithholdNames(createScanText({ terms }), knownModels(parts)) : (row) => row;
}

/** Names that somebody other than a client chose. */
function knownModels({ loaded, index }: Pick<PrivacyParts, 'loaded' | 'index'>): (name: string) => boolean {
  const { settings } = loaded;
  const ids = settings.upstreams.flatMap(({ name, models }) =>
    models.flatMap((model) => [model.name, `${name}/${model.name}`]),
  );
  const names = new Set([
    ...['auto', 'near', 'mid', 'far', settings.near],
    ...(settings.route.tiers ?? []).map(({ name }) => name),
    ...Object.keys(settings.aliases),
    ...Object.keys(settings.fallbacks),
    ...ids,
  ]);
  return (name) => names.has(name) || index.known().includes(name);
}

function checkByModel(answer: () => Answer): CheckByModel {
  return createCheckByModel({
    // In the name of the key that asks: its row is in the ledger. Its bounds are for what it asks itself.
    ask: (request, { keyName }, signal) =>
      answer()(request, { keyName, tenant: request.tenant, scopes: new Set<Scope>(['use']) }, signal),
    createId: () => createRequestId(Date.now()),
    hash: createKeyedHash(randomBytes(32)),
  });
}

/** For how long what is known of the near model is believed, in milliseconds. */
const gradeMs = 1000;

function nearGrade({ near, index }: PrivacyParts): () => ModelGrade | null {
  let known: { readonly grade: ModelGrade | null; readonly near: string; readonly until: number } | null =
    null;
  return () => {
    const name = near();
    if (known === null || known.near !== name || performance.now() > known.until) {
      known = { grade: gradeOf(name, index), near: name, until: performance.now() + gradeMs };
    }
    return known.grade;
  };
}

function gradeOf(near: string, index: PrivacyParts['index']): ModelGrade | null {
  try {
    return index.gradeOf(resolveModelName('near', { aliases: {}, modelIds: index.known(), near }).modelId);
  } catch {
    return null;
  }
}

/** Where the models of these upstreams are; all others are this machine's. */
export function boundaries(upstreams: Pick<UpstreamModels, 'upstreamOf'>): (modelId: string) => Boundary {
  return (modelId) => upstreams.upstreamOf(modelId)?.boundary ?? 'machine';
}

import type { PrivacyLabel } from '../chat/request.ts';
import type { AskedPrompt } from '../route/asked-prompt.ts';
import type { PolicyFacts, RouteFacts, TierFacts, TierHealth } from '../route/route-facts.ts';
import type { Availability } from './backend.ts';
import type { KnownBackend } from './backend-pool.ts';
import type { EnvironmentFacts } from './environment.ts';
import { megabytes } from './megabytes.ts';
import type { PolicyOptions } from './near.ts';

export const policyDefaults = {
  nearBelow: 0.7,
  prefer: 'auto',
  minTokensPerSecond: 5,
  minBattery: 0.2,
  leavesHidden: true,
  download: 'never',
} as const satisfies Required<PolicyOptions>;

/** All that a decision in the page rests on. */
export interface PageFacts {
  readonly asked: AskedPrompt;
  readonly label: PrivacyLabel;
  /** Vectors are asked for, not an answer. */
  readonly isEmbedding: boolean;
  /** In the order of the settings; what is in the page first. */
  readonly backends: readonly KnownBackend[];
  readonly environment: EnvironmentFacts;
  readonly restOf: (name: string) => { readonly reason: string; readonly pauseMs: number } | null;
  /** Only these may answer, by name; null: all. And why, for those that may not. */
  readonly only: { readonly names: readonly string[]; readonly reason: string } | null;
  /** 0-1; null where nobody could tell. */
  readonly difficulty: number | null;
  readonly policy: PolicyOptions;
}

/**
 * Pure: a page's backends as the gateway's tiers, so that `route/decide.ts` chooses here too. In the page are the near ones, of
 * which those go first that are ready; the gateway is the far one. A slow device, a low battery and a tab in the background
 * count as bad health: such a tier is passed over where a better one can answer, and answers where none can.
 */
export function routeFacts(facts: PageFacts): RouteFacts {
  const { asked, label, backends, difficulty } = facts;
  const near = backends.filter(({ boundary }) => boundary === 'machine').sort(byReadiness);
  const far = backends.filter(({ boundary }) => boundary !== 'machine');
  const tiers = [...near, ...far].map((backend) => tierOf(backend, facts));
  const { promptTokenCount, maxTokenCount, choiceCount, needs, fitsAnyContext, priority } = asked;
  return {
    request: {
      promptTokenCount,
      maxTokenCount,
      choiceCount,
      needs,
      fitsAnyContext,
      priority,
      firstTokenMs: null,
      leftMs: null,
    },
    label,
    mayLeave: label === 'open',
    difficulty,
    task: null,
    tiers,
    policy: policyFacts(
      facts,
      near.map(({ name }) => name),
      far[0]?.name,
    ),
    budgetLeftMicros: null,
    boundModelId: null,
    cascade: false,
  };
}

const readiness: Readonly<Record<Availability['state'], number>> = {
  ready: 0,
  downloaded: 1,
  downloading: 2,
  downloadable: 3,
  unavailable: 4,
};

function byReadiness(one: KnownBackend, other: KnownBackend): number {
  return readiness[one.availability.state] - readiness[other.availability.state];
}

function policyFacts(facts: PageFacts, near: readonly string[], far: string | undefined): PolicyFacts {
  const { nearBelow = policyDefaults.nearBelow, prefer = policyDefaults.prefer } = facts.policy;
  const [nearest] = near;
  if (far !== undefined && (prefer === 'far' || nearest === undefined)) return { kind: 'fixed', tier: far };
  if (prefer === 'near' || far === undefined || facts.isEmbedding) {
    return { kind: 'fixed', tier: nearest ?? '' };
  }
  // All near tiers are alike to it: below the threshold the first of them.
  return {
    kind: 'classifier',
    thresholds: near.map(() => nearBelow),
    source: 'by its structure',
  };
}

function tierOf(backend: KnownBackend, facts: PageFacts): TierFacts {
  const { name, boundary, availability } = backend;
  const can = availability.state === 'unavailable' ? null : availability.can;
  const isNear = boundary === 'machine';
  const speed = facts.environment.speeds.get(name);
  return {
    tier: name,
    modelId: name,
    boundary,
    absence: absenceOf(backend, facts),
    rest: restFacts(backend, facts),
    isAllowed: true,
    can: {
      contextTokenCount: can?.contextTokenCount ?? null,
      tools: can?.tools === true,
      media: can?.images === true || can?.audio === true,
      // What a backend cannot keep to is said in the prompt and checked after.
      schema: true,
      tokens: false,
    },
    price: null,
    held: { tokenCount: 0, odds: 0, keptTokenCount: 0 },
    answers: null,
    speed: speed === undefined ? null : { firstTokenMs: speed.firstTokenMs, msPerToken: speed.msPerToken },
    health: isNear ? healthOf(name, facts) : { penalty: 0, reason: null },
  };
}

function absenceOf({ name, boundary, availability }: KnownBackend, facts: PageFacts): string | null {
  const { only, isEmbedding, environment } = facts;
  if (only !== null && !only.names.includes(name)) return only.reason;
  if (availability.state === 'unavailable') return withoutStop(availability.reason);
  const { can } = availability;
  if (isEmbedding && !can.embeddings) return 'it makes no vectors';
  if (!isEmbedding && !can.chat) return 'it answers nothing, it makes vectors only';
  if (boundary === 'machine' && availability.state === 'downloadable') {
    return downloadRefusal(availability.downloadBytes, facts, environment);
  }
  return null;
}

/** Null: a request may start this download. */
function downloadRefusal(
  bytes: number | null,
  { policy }: PageFacts,
  { savesData, isOnline }: EnvironmentFacts,
): string | null {
  const { download = policyDefaults.download } = policy;
  const size = bytes === null ? '' : ` (${megabytes(bytes)})`;
  if (download === 'never') return `its model is not on this device${size}: call prepare()`;
  if ((bytes ?? Infinity) > download.maxBytes) {
    return `its download${size} is more than policy.download allows`;
  }
  if (savesData) return `the user asked for less data, and its model must be downloaded${size}`;
  return isOnline ? null : `its model is not on this device${size}, and the browser is offline`;
}

function restFacts({ name, boundary, availability }: KnownBackend, facts: PageFacts): TierFacts['rest'] {
  if (boundary !== 'machine' && !facts.environment.isOnline) {
    return { reason: 'the browser is offline', pauseMs: null };
  }
  if (boundary === 'machine' && availability.state === 'downloading') {
    return { reason: 'its model is being downloaded', pauseMs: null };
  }
  return facts.restOf(name);
}

/** Passed over where a healthy tier above it can answer. */
function healthOf(name: string, { environment, policy }: PageFacts): TierHealth {
  const { isHidden, battery, speeds } = environment;
  const { prefer = policyDefaults.prefer, minBattery = policyDefaults.minBattery } = policy;
  const { leavesHidden = policyDefaults.leavesHidden } = policy;
  const { minTokensPerSecond = policyDefaults.minTokensPerSecond } = policy;
  const bad = (reason: string): TierHealth => ({ penalty: 1, reason });
  if (prefer === 'near') return { penalty: 0, reason: null };
  if (isHidden && leavesHidden) return bad('the tab is in the background');
  if (battery !== null && !battery.isCharging && battery.level < minBattery) {
    return bad(`the battery is at ${(battery.level * 100).toFixed(0)}% and is not charging`);
  }
  const speed = speeds.get(name);
  const rate = speed === undefined ? Infinity : 1000 / speed.msPerToken;
  if (speed !== undefined && rate < minTokensPerSecond) {
    return bad(
      `it writes ${rate.toFixed(1)} tokens a second on this device, measured over ${String(speed.count)} answers`,
    );
  }
  return { penalty: 0, reason: null };
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

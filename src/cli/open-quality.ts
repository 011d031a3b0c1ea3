import type { Answer } from '../answer/answer.ts';
import type { Capture } from '../capture/capture.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { createRequestId } from '../http/request-id.ts';
import { createAskModel } from '../quality/ask-model.ts';
import { createFeedback, type Feedback } from '../quality/feedback.ts';
import { createJudgedStore, type Judged } from '../quality/judged-store.ts';
import { createModelJudge } from '../quality/model-judge.ts';
import { createShadow, type Shadow } from '../quality/shadow.ts';
import { createTierHealth, type FindExpectation, type TierHealthBook } from '../quality/tier-health.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../observe/log.ts';
import type { QualityReading } from '../observe/quality-metrics.ts';
import type { Route } from '../route/route.ts';
import type { Store } from '../store/store.ts';

/** The proof that what routing saves costs no quality: the comparisons of this gateway, and what all of them say. */
export interface Quality {
  readonly health: Pick<TierHealthBook, 'healthOf'>;
  /** For the pipeline: empty where nothing is compared here. */
  readonly observers: { readonly shadow?: Shadow };
  readonly figures: () => QualityReading;
  feedbackOver(ledger: Pick<Ledger, 'flush'>, capture: Pick<Capture, 'comment'> | null): Feedback;
  /** Keeps what was judged; before ledger and state are closed. */
  close(): Promise<void>;
}

export interface QualityDependencies {
  readonly state: Store;
  readonly answer: Answer;
  /** From the nearest to the farthest. */
  readonly tiers: Route['tiers'];
  readonly warn: (message: string, cause?: unknown) => void;
}

/** What other gateways on the same state judged is read so often. */
const refreshMs = 60_000;

export const shadowKeyName = '(shadow)';

/** @param parts `isPrivate`: only this process asks, and not for long: nothing is compared */
export async function openQuality(
  parts: { readonly loaded: LoadedSettings; readonly isPrivate: boolean; readonly log: Log },
  { state, answer, tiers, warn }: QualityDependencies,
): Promise<Quality> {
  const { isPrivate, log } = parts;
  const { shadow: settings } = parts.loaded.settings;
  const judged = createJudgedStore(state);
  const expectationOf = await expectationsIn(parts.loaded, warn);
  const health = createTierHealth({ judged, expectationOf, log: log.info, warn });
  if (!isPrivate) await health.refresh();
  const timer = setInterval(() => void health.refresh(), refreshMs);
  timer.unref();
  const isOn = settings !== null && settings.share > 0 && !isPrivate;
  const shadow = isOn
    ? openShadow(settings, { answer, tiers, warn }, async (outcome) => {
        await judged.add(outcome);
        await health.refresh();
      })
    : null;
  return {
    health,
    observers: shadow === null ? {} : { shadow },
    figures: () => ({ shadow: shadow?.stats ?? null, tiers: health.watches }),
    feedbackOver: (ledger, capture) =>
      createFeedback({
        store: state,
        ledger,
        ...(capture === null ? {} : { keepComment: (id, comment) => capture.comment(id, comment) }),
      }),
    async close() {
      clearInterval(timer);
      await shadow?.close();
    },
  };
}

/** By the profile that routes, where one does. */
async function expectationsIn(
  { home, settings }: LoadedSettings,
  warn: QualityDependencies['warn'],
): Promise<FindExpectation> {
  const { policy, profile } = settings.route;
  if (policy !== 'calibrated' || profile === null) return () => null;
  const { openProfile } = await import('./profile-files.ts');
  const { calibratedExpectation } = await import('../quality/calibrated-expectation.ts');
  try {
    return calibratedExpectation(openProfile(home, profile).expectations);
  } catch (thrown) {
    // The router says what is wrong with it.
    warn(`What the profile ${profile} expects of the tiers cannot be read.`, thrown);
    return () => null;
  }
}

function openShadow(
  settings: NonNullable<Settings['shadow']>,
  { answer, tiers, warn }: Omit<QualityDependencies, 'state'>,
  record: (judged: Judged) => Promise<void>,
): Shadow {
  const ask = createAskModel({
    answer,
    budget: {
      keyName: shadowKeyName,
      dayMicros: microsOf(settings.budget.perDay),
      monthMicros: microsOf(settings.budget.perMonth),
    },
    createId: () => createRequestId(Date.now()),
  });
  return createShadow({
    share: settings.share,
    tiers,
    ask,
    judge: createModelJudge(ask, settings.judge),
    judgeName: settings.judge,
    record,
    warn,
  });
}

function microsOf(dollars: number | null): number | null {
  return dollars === null ? null : Math.round(dollars * 1_000_000);
}

import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import { createRequestId } from '../http/request-id.ts';
import { costMicros } from '../ledger/cost.ts';
import { createAskModel } from '../quality/ask-model.ts';
import type { CapturedQuestion } from '../quality/captured-question.ts';
import { expectCosts, type ExpectedCost } from '../quality/expected-calibration-cost.ts';
import { judgeCaptured, type JudgedCaptured } from '../quality/judge-captured.ts';
import { answersAll, readJudgedLines, type JudgedLine } from '../quality/judged-line.ts';
import { createModelJudge } from '../quality/model-judge.ts';
import { capturedQuestions, costsOfRequests } from './captured-questions.ts';
import { UsageError, type OptionValues } from './command.ts';
import type { Gateway } from './compose.ts';
import { dollars } from './dollars.ts';
import { readPeriod } from './period.ts';
import { tiersOf } from './routing.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

/** Outcomes from what was asked and captured: the source of `nearfar calibrate --from-ledger`. */

/** A line of outcomes, as `nearfar calibrate --outcomes` reads them; models by the names of their tiers. */
export interface LedgerOutcome {
  readonly prompt: string;
  readonly models: JudgedLine['models'];
  /** The tier whose answer was given. */
  readonly answered?: string;
}

export interface FromLedger {
  readonly outcomes: readonly LedgerOutcome[];
  /** False: only the plan was shown, or the run ended early; the same command goes on. */
  readonly isComplete: boolean;
  /** Ids of the tiers' models, by tier, and the judge as it was named and as it is called: what an expectation holds for. */
  readonly judgedBy: {
    readonly modelIds: Readonly<Record<string, string>>;
    readonly judges: readonly string[];
  };
}

/** Its spending stands under this name; no key can have it. */
const keyName = '(calibrate)';
const usualLimit = 200;
const usualBudgetDollars = 1;

interface Wanted {
  readonly judge: string;
  readonly limit: number;
  readonly budgetMicros: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly isAgreed: boolean;
  /** A file for the outcomes, prompts included. */
  readonly out: string | undefined;
}

/** @throws UsageError naming the option */
function readWanted(options: OptionValues): Wanted {
  const judge = options.text('judge');
  if (judge === undefined) throw new UsageError('--from-ledger: expected --judge MODEL too');
  const budget = options.number('budget', { min: 0, max: 1_000_000 }) ?? usualBudgetDollars;
  return {
    judge,
    limit: options.number('limit', { min: 1, max: 1_000_000 }) ?? usualLimit,
    budgetMicros: Math.round(budget * 1_000_000),
    from: readPeriod(options.text('since'), undefined, Date.now(), 'all').from,
    isAgreed: options.flag('yes'),
    out: options.text('out'),
  };
}

/**
 * Shows what it would cost; with --yes asks the other tiers and the judge, and keeps each outcome as soon as it is there.
 * @throws UsageError where an option is wrong; NearfarError `invalid_request` where no text was captured
 */
export async function fromLedger(options: OptionValues): Promise<FromLedger> {
  const wanted = readWanted(options);
  const loaded = quiet(await commandSettings(options));
  const questions = await capturedQuestions(loaded, wanted.from, wanted.limit);
  const { composeGateway } = await import('./compose.ts');
  const gateway = await composeGateway(loaded, { isPrivate: true });
  try {
    return await askAndJudge(gateway, loaded, wanted, questions);
  } finally {
    await gateway.close();
  }
}

/** What is asked here is not to be captured again, and a terminal is no place for a server's log. */
function quiet(loaded: LoadedSettings): LoadedSettings {
  const { settings, sources } = loaded;
  const logLevel = sources.get('logLevel') === 'default' ? 'error' : settings.logLevel;
  return { ...loaded, settings: { ...settings, logLevel, capture: 'off' } };
}

async function askAndJudge(
  gateway: Gateway,
  loaded: LoadedSettings,
  wanted: Wanted,
  questions: readonly CapturedQuestion[],
): Promise<FromLedger> {
  const { resolve } = gateway.dependencies.naming;
  const tiers = await tierModels(loaded, resolve);
  const models = [...tiers.keys()];
  if (models.length < 2)
    throw new UsageError('--from-ledger: there is one tier only; connect a far model first');
  const judge = await resolve(wanted.judge);
  const file = path.join(loaded.home, 'calibration', 'judged.jsonl');
  const lines = new Map(readJudgedLines(await readFile(file, 'utf8').catch(() => '')));
  const open = questions.filter(({ requestId }) => !answersAll(lines.get(requestId), judge, models));
  const { createBilling } = await import('./upstreams.ts');
  const billing = createBilling(loaded.settings.upstreams, gateway.prices);
  const expected = expectCosts(open, models, judge, (model) => billing(model).price);
  process.stderr.write(planText(questions.length - open.length, open.length, expected, wanted.budgetMicros));
  process.stderr.write(`${await judgeText(loaded.home, wanted.judge, judge)}\n`);
  let result: JudgedCaptured | null = null;
  if (open.length > 0 && wanted.isAgreed) {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const givenCosts = await costsOfRequests(
      loaded,
      open.map(({ requestId }) => requestId),
    );
    const ask = createAskModel({
      answer: gateway.dependencies.answer,
      budget: { keyName, dayMicros: wanted.budgetMicros, monthMicros: null },
      createId: () => createRequestId(Date.now()),
    });
    result = await untilInterrupted((signal) =>
      judgeCaptured({
        questions: open,
        models,
        ask,
        judge: createModelJudge(ask, judge),
        judgeName: judge,
        costOf: (model, usage) => {
          const { price } = billing(model);
          const micros = usage === null || price === null ? null : costMicros(usage, price);
          return micros === null ? null : micros / 1_000_000;
        },
        givenCostOf: (requestId) => givenCosts.get(requestId) ?? null,
        record: async (line) => {
          // Behind a line of its own: the last one may be torn, and must not take this one with it.
          await appendFile(file, `\n${JSON.stringify(line)}\n`, { mode: 0o600 });
          lines.set(line.id, line);
        },
        onProgress: (count) => process.stderr.write(`\r${count} of ${open.length} questions`),
        signal,
      }),
    );
    process.stderr.write(`\n${endText(result)}`);
  } else if (open.length > 0) {
    process.stderr.write('Nothing was asked. To go on: the same command with --yes\n');
  }
  const outcomes = questions.flatMap(({ requestId, prompt }): LedgerOutcome[] => {
    const line = lines.get(requestId);
    if (line === undefined || !answersAll(line, judge, models)) return [];
    const scored = Object.entries(line.models).flatMap(([model, outcome]) => {
      const tier = tiers.get(model);
      return tier === undefined ? [] : [[tier, outcome] as const];
    });
    const answered = line.answered === undefined ? undefined : tiers.get(line.answered);
    return [{ prompt, models: Object.fromEntries(scored), ...(answered === undefined ? {} : { answered }) }];
  });
  if (wanted.out !== undefined && (open.length === 0 || wanted.isAgreed)) {
    const text = outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join('');
    await writeFile(wanted.out, text, { mode: 0o600 });
    process.stderr.write(`${outcomes.length} outcomes are in ${wanted.out}, with their prompts.\n`);
  }
  return {
    outcomes,
    isComplete: open.length === 0 || (result !== null && result.stop === null),
    judgedBy: {
      modelIds: Object.fromEntries([...tiers].map(([model, tier]) => [tier, model])),
      judges: [...new Set([wanted.judge, judge])],
    },
  };
}

/** The models that the tiers stand for here, each once, and the tier of each. */
async function tierModels(
  { settings }: LoadedSettings,
  resolve: (name: string) => Promise<string>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { tier, model } of tiersOf(settings)) {
    try {
      const id = await resolve(model);
      if (!found.has(id)) found.set(id, tier);
    } catch {
      // A tier whose model is not here has no outcomes.
    }
  }
  return found;
}

/** Ctrl-C ends the work, not the program: what is there is kept. */
async function untilInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const onInterrupt = (): void => {
    abort.abort(new NearfarError('aborted', 'Interrupted.'));
  };
  process.once('SIGINT', onInterrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

export function planText(
  doneCount: number,
  openCount: number,
  expected: readonly ExpectedCost[],
  budgetMicros: number,
): string {
  if (openCount === 0) return `All ${doneCount} questions were judged before; nothing is asked.\n`;
  const rows = expected
    .filter(({ requestCount }) => requestCount > 0)
    .map(({ model, purpose, requestCount, micros }) => [
      model,
      purpose,
      String(requestCount),
      micros === null ? 'price unknown' : dollars(micros),
    ]);
  const sum = expected.reduce((total, { micros }) => total + (micros ?? 0), 0);
  const isAll = expected.every(({ micros, requestCount }) => micros !== null || requestCount === 0);
  return [
    `${openCount} captured questions are open${doneCount === 0 ? '' : `, ${doneCount} were judged before`}.`,
    renderTable(['MODEL', 'FOR', 'REQUESTS', 'COST*'], rows),
    `* estimated: ${isAll ? '' : 'at least '}${dollars(sum)} in all, from four bytes of text a token and answers as long as those given. ` +
      `At most ${dollars(budgetMicros)} are spent a day (--budget).`,
    '',
  ].join('\n');
}

/** What is known of the judge. */
async function judgeText(home: string, name: string, modelId: string): Promise<string> {
  const { readJudgeEvaluations, reliabilityOf } = await import('../evaluate/judge-files.ts');
  const { verdictLine } = await import('./judge-text.ts');
  const known = reliabilityOf(await readJudgeEvaluations(home), modelId);
  return known === null
    ? `Whether ${name} can judge was not measured: nearfar eval ${name} --judge`
    : verdictLine(modelId, known.reliability);
}

function endText({ judgedCount, failedCount, stop }: JudgedCaptured): string {
  const failed =
    failedCount === 0
      ? ''
      : `, ${failedCount} gave no outcome (no whole answer, or no verdict that can be read)`;
  const why = stop === null ? '' : ` Ended early: ${stop.message} The same command goes on from here.`;
  return `${judgedCount} judged${failed}.${why}\n`;
}

import { apiModels, type ApiModel } from '../catalogue/api-models.ts';
import { builtInLists, createPriceTable } from '../../ledger/prices.ts';
import { usualQuestion } from '../decide/ask.ts';
import type { PlanQuestion } from '../decide/question.ts';
import { searchSetUps } from '../decide/search.ts';
import type { SetUp } from '../decide/set-up.ts';

export const guideTables = [
  'goals',
  'formats',
  'KV cache',
  'context strategy',
  'batching types',
  'throughput',
  'speculation',
  'cost techniques',
  'decision tree',
  'small models',
  'task suitability',
  'routing results',
  'edge formats',
  'memory',
  'phones',
  'when to use each approach',
  'production tools',
  'scenarios by cost per month',
] as const;
export type GuideTable = (typeof guideTables)[number];

/** What was computed for a row, and whether the guide says the same. */
export interface RowAnswer {
  readonly computed: string;
  readonly agrees: boolean;
}

/** A row of the guide as a case of the planner. */
export interface GuideRow {
  readonly table: GuideTable;
  readonly row: string;
  /** In the guide's words. */
  readonly claim: string;
  /** What the planner was given. */
  readonly inputs: string;
  readonly answer: () => RowAnswer;
  /** What is different today and why, for where it does not agree; also worth knowing where it does. */
  readonly today: string;
}

export interface JudgedRow extends Omit<GuideRow, 'answer'>, RowAnswer {
  readonly verdict: 'agree' | 'differs';
}

/** Provider's prices that came with this version. */
export const listedApis: readonly ApiModel[] = apiModels(createPriceTable(builtInLists).entries);

/** The usual question with what a row changes. */
export function asked(changes: Partial<PlanQuestion>): PlanQuestion {
  return { ...usualQuestion, apis: listedApis, ...changes };
}

/** The best set-up for a question; `null`: none is possible. */
export function bestOf(question: PlanQuestion): SetUp | null {
  return searchSetUps(question).setUps[0] ?? null;
}

/** A set-up in half a line. */
export function setUpWords(setUp: SetUp | null): string {
  if (setUp === null) return 'nothing that is possible';
  const { near, far } = setUp;
  const parts = [
    ...(near === null
      ? []
      : [
          `${near.engine.name}, ${near.model.name} in ${near.format.name} on ${near.splitCount === 1 ? '' : `${near.splitCount} x `}` +
            `${near.offer.device.name}, ${near.batchSize} at once`,
        ]),
    ...(far === null
      ? []
      : [`${far.api.model}${near === null ? '' : ` for ${Math.round(100 * (1 - setUp.nearShare))}%`}`]),
  ];
  return (
    `${parts.join(' + ')}: first token ${setUp.firstTokenMs.toFixed(0)} ms, ${setUp.interTokenMs.toFixed(1)} ms a token, ` +
    `${dollars(setUp.cost.usd)} a month`
  );
}

export function dollars(usd: number): string {
  return usd === 0 ? '$0' : usd < 100 ? `$${usd.toFixed(2)}` : `$${Math.round(usd).toLocaleString('en')}`;
}

/** Passed checks and failed ones, in words. */
export function checksOf(checks: Readonly<Record<string, boolean>>): RowAnswer {
  const failed = Object.entries(checks).filter(([, isMet]) => !isMet);
  const met = Object.entries(checks).filter(([, isMet]) => isMet);
  const list = (some: readonly (readonly [string, boolean])[]): string =>
    some.map(([name]) => name).join(', ');
  return {
    agrees: failed.length === 0,
    computed: [
      ...(met.length > 0 ? [`yes: ${list(met)}`] : []),
      ...(failed.length > 0 ? [`no: ${list(failed)}`] : []),
    ].join('; '),
  };
}

/** A set-up with what the guide recommends of it. */
export function checked(setUp: SetUp | null, checks: Readonly<Record<string, boolean>>): RowAnswer {
  const { agrees, computed } = checksOf(checks);
  return { agrees: setUp !== null && agrees, computed: `${setUpWords(setUp)}. ${computed}` };
}

export function judge({ answer, ...row }: GuideRow): JudgedRow {
  const found = answer();
  return { ...row, ...found, verdict: found.agrees ? 'agree' : 'differs' };
}

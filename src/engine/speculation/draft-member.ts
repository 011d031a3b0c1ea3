import type { Sequence } from '../sequence.ts';
import type { Acceptance } from './acceptance.ts';
import type { DraftRecord } from './draft-record.ts';
import { emptyDraft, type Draft } from './drafter.ts';
import type { Purse } from './purse.ts';
import type { SpeculationSetting } from './speculation-setting.ts';

/** What this step knows of one sequence. */
export interface Member {
  readonly sequence: Sequence;
  readonly wish: SpeculationSetting;
  /** Most tokens worth drafting. */
  readonly most: number;
  readonly purse: Purse;
  readonly record: { readonly lookup: DraftRecord; readonly model: DraftRecord };
  /** What would be verified, and of which record it is. */
  draft: Draft;
  source: DraftRecord;
}

/** From now on the draft model drafts for it. */
export function turn(member: Member): void {
  member.draft = emptyDraft;
  member.source = member.record.model;
}

/** The rate of the token at `index`; 0 where there is none. */
export function rateOf(acceptance: Acceptance, { evidence }: Draft, index: number): number {
  const known = evidence[index];
  return known === undefined ? 0 : acceptance.rate(known);
}

/** Of what is drafted, and where more may be, of that as is expected. */
export function ratesOf({ draft, source, most }: Member, isGrowing: boolean): readonly number[] {
  const { acceptance } = source;
  const rates = draft.evidence.map((_, index) => rateOf(acceptance, draft, index));
  while (isGrowing && rates.length < most) rates.push(acceptance.meanRate);
  return rates;
}

/** Plain steps that a step of these may be expected to lose: what is drafted for one, all wait for. */
export function mostShortfallOf(members: readonly Member[]): number {
  return members.reduce((sum, { purse }) => sum + purse.stepCount, 0) / members.length;
}

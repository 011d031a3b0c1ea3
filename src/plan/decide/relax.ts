import { qualityFloors } from '../catalogue/tasks.ts';
import { rentedOffers } from './ask.ts';
import type { PlanQuestion } from './question.ts';
import { searchSetUps } from './search.ts';
import type { SetUp } from './set-up.ts';

/** A limit that stands in the way: the options that give it up, and the best that is possible then. */
export interface Relaxation {
  readonly options: string;
  readonly setUp: SetUp;
}

const basicFloor = '--least-quality basic';

interface Step {
  readonly options: string;
  readonly change: (question: PlanQuestion) => PlanQuestion;
  /** Says what scores are good enough. */
  readonly isFloor?: true;
}

/**
 * Where no set-up keeps all limits: what becomes possible without one of them; where none alone is enough, without two; else without
 * all that a person can give up. Privacy is never among them. Empty where not even that helps. Pure.
 */
export function relaxations(question: PlanQuestion): readonly Relaxation[] {
  const steps = stepsOf(question);
  const pairs = steps.flatMap((one, at) => steps.slice(at + 1).map((other) => [one, other]));
  const all = steps.filter(({ options }) => options !== basicFloor);
  const sets = [steps.map((step) => [step]), pairs, [all]];
  for (const together of sets) {
    const found = together.filter(isOfOneFloor).flatMap((some) => tried(question, some));
    if (found.length > 0) return found;
  }
  return [];
}

function isOfOneFloor(steps: readonly Step[]): boolean {
  return steps.filter(({ isFloor }) => isFloor === true).length < 2;
}

function tried(question: PlanQuestion, steps: readonly Step[]): readonly Relaxation[] {
  const changed = steps.reduce((asked, { change }) => change(asked), question);
  const [setUp] = searchSetUps(changed).setUps;
  return setUp === undefined ? [] : [{ options: steps.map(({ options }) => options).join(' '), setUp }];
}

function stepsOf({ limits, canWait, offers, privacy }: PlanQuestion): readonly Step[] {
  const floors = Object.entries(limits.floor).flatMap(([, least]) => (least === null ? [] : [least]));
  const basic = Object.values(qualityFloors.basic).flatMap((least) => (least === null ? [] : [least]));
  const isAboveBasic = Math.max(0, ...floors) > Math.max(...basic);
  const floorStep = (name: 'basic' | 'none'): Step => ({
    options: `--least-quality ${name}`,
    change: (asked) => ({ ...asked, limits: { ...asked.limits, floor: qualityFloors[name] } }),
    isFloor: true,
  });
  return [
    ...(isAboveBasic ? [floorStep('basic')] : []),
    ...(floors.length > 0 ? [floorStep('none')] : []),
    ...(canWait
      ? []
      : [{ options: '--can-wait', change: (asked: PlanQuestion) => ({ ...asked, canWait: true }) }]),
    ...(limits.usdPerMonth === null
      ? []
      : [
          {
            options: 'no --budget',
            change: (asked: PlanQuestion) => ({ ...asked, limits: { ...asked.limits, usdPerMonth: null } }),
          },
        ]),
    ...(privacy === 'device' || offers.some(({ terms }) => terms === 'rented')
      ? []
      : [
          {
            options: '--may-rent',
            change: (asked: PlanQuestion) => ({ ...asked, offers: [...asked.offers, ...rentedOffers()] }),
          },
        ]),
  ];
}

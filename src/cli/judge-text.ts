import type { JudgeEvaluation } from '../evaluate/judge-files.ts';
import type { JudgeReliability, PairResult } from '../evaluate/judge-reliability.ts';
import { judgeReliability } from '../evaluate/judge-reliability.ts';
import { taskNames } from '../route/task/task-type.ts';
import { shareTexts } from './shares.ts';
import { renderTable } from './table.ts';

/** How far a judge can be trusted, for people. */
export function judgeLines(
  evaluation: JudgeEvaluation,
  reliability: JudgeReliability,
  file: string,
): readonly string[] {
  const { modelId, date, pairs, pairsVersion, results } = evaluation;
  const tasks = Map.groupBy(results, ({ task }) => task);
  const rows: (readonly [string, readonly PairResult[]])[] = [
    ...[...tasks].map(([task, own]) => [taskNames[task], own] as const),
    ...(tasks.size > 1 ? [['all', results] as const] : []),
  ];
  return [
    `${modelId} as a judge, measured ${date.slice(0, 10)} on ${results.length} pairs of a right and a wrong answer, ` +
      `${pairs === 'written' ? 'written for it' : 'of two models'} (version ${pairsVersion}), each in both orders`,
    renderTable(
      ['task', 'pairs', 'right', 'neither', 'wrong', 'no verdict', 'agrees with the truth', '95% interval'],
      rows.map(([name, own]) => rowOf(name, judgeReliability(own))),
    ),
    `right, wrong: it named that answer in both orders; neither: a tie, or it contradicted itself.`,
    placesLine(reliability),
    verdictLine(modelId, reliability),
    `Kept in ${file}.`,
  ];
}

function rowOf(name: string, one: JudgeReliability): readonly string[] {
  const { counts, pairCount, unreadableCount, agreement, agreementInterval } = one;
  return [
    name,
    String(pairCount),
    String(counts.win),
    String(counts.tie),
    String(counts.loss),
    String(unreadableCount),
    percent(agreement),
    interval(agreementInterval),
  ];
}

/** Which place it prefers, whatever stands there. */
function placesLine({ places, favoured }: JudgeReliability): string {
  const verdictCount = places.first + places.second + places.tie;
  const [first = '', second = '', tie = ''] = shareTexts([places.first, places.second, places.tie], 0);
  return (
    `Of ${verdictCount} single verdicts ${first} named the first answer, ${second} the second, ${tie} a tie. ` +
    `In ${favoured.first} pairs it named the first place in both orders, in ${favoured.second} the second.`
  );
}

/** One sentence that says what its verdicts are worth. */
export function verdictLine(judge: string, reliability: JudgeReliability): string {
  const { pairCount, counts, agreement, agreementInterval, difference, isBetterThanChance } = reliability;
  if (difference === null)
    return `${judge} gave no verdict that can be read: it cannot judge, and what it says is worth nothing.`;
  const points = `${signed(difference.difference)} points right less wrong, 95% ${signed(difference.low)} to ${signed(difference.high)}`;
  const figures = `it names the right answer in ${counts.win} of ${pairCount} pairs (${percent(agreement)}, 95% ${interval(agreementInterval)}), the wrong one in ${counts.loss} (${points})`;
  if (difference.high < 0) return `${judge} is worse than chance: ${figures}. Do not use it as a judge.`;
  return isBetterThanChance
    ? `${judge} is better than chance: ${figures}, measured.`
    : `${judge} is NO BETTER THAN CHANCE: ${figures}, measured. What it says of quality means nothing; take another judge.`;
}

export function judgeJson(evaluation: JudgeEvaluation, reliability: JudgeReliability): object {
  const { results: _, ...about } = evaluation;
  return { ...about, ...reliabilityJson(reliability) };
}

export function reliabilityJson(reliability: JudgeReliability): object {
  const { pairCount, counts, unreadableCount, agreement, agreementInterval, difference, places, favoured } =
    reliability;
  return {
    basis: 'measured',
    pairs: pairCount,
    right: counts.win,
    neither: counts.tie,
    wrong: counts.loss,
    noVerdict: unreadableCount,
    agreement,
    agreementInterval95: agreementInterval,
    difference: difference?.difference ?? null,
    differenceInterval95: difference === null ? null : [difference.low, difference.high],
    verdictsByPlace: places,
    pairsWithOnePlaceNamedTwice: favoured,
    isBetterThanChance: reliability.isBetterThanChance,
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

function interval([low, high]: readonly [number, number]): string {
  return `${Math.round(100 * low)}-${Math.round(100 * high)}%`;
}

function signed(share: number): string {
  const points = (100 * share).toFixed(1);
  return share > 0 && points !== '0.0' ? `+${points}` : points;
}

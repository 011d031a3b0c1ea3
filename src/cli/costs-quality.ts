import { reliabilityOf, type JudgeEvaluation } from '../evaluate/judge-files.ts';
import type { Comparison, FeedbackSum, QualityReport } from '../quality/quality-report.ts';
import type { TierWatch } from '../quality/tier-health.ts';
import { dollars } from './dollars.ts';
import { reliabilityJson, verdictLine } from './judge-text.ts';

/** What `nearfar costs` says of quality, beside what was saved. */

/** @param judges what was measured of judges: those that said something here are told beside it */
export function qualityLines(
  report: QualityReport,
  judges: readonly JudgeEvaluation[] = [],
): readonly string[] {
  const { comparisons, feedback, spending, watches } = report;
  const lines: string[] = [];
  const lower = comparisons.filter(({ answeredTier, lower: { tier } }) => answeredTier === tier);
  const upper = comparisons.filter(({ answeredTier, lower: { tier } }) => answeredTier !== tier);
  if (lower.length === 0)
    lines.push(
      'Quality not measured: of what a lower tier answered nothing was compared. The setting shadow does that (docs/quality.md).',
    );
  for (const comparison of lower) lines.push(...lowerLines(comparison));
  for (const { lower: low, upper: high, counts, difference, judge } of upper)
    lines.push(
      `Of ${difference.answerCount} requests that ${high.tier} (${high.modelId}) answered, ${low.tier} (${low.modelId}) would have been better in ${counts.win}, as good in ${counts.tie}, worse in ${counts.loss}, measured: judged by ${judge}.`,
    );
  const notCompared = notComparedLine(report);
  if (notCompared !== null) lines.push(notCompared);
  for (const judge of new Set(comparisons.map((one) => one.judge)))
    lines.push(...judgeOfThese(judge, comparisons, judges));
  for (const watch of watches) lines.push(watchLine(watch));
  for (const one of feedback) lines.push(feedbackLine(one));
  if (spending.length > 0) {
    const sum = spending.reduce((total, { costMicros }) => total + costMicros, 0);
    const parts = spending.map(({ purpose, requestCount }) => `${requestCount} ${purpose}`).join(', ');
    const unknown = spending.reduce((total, { unknownCount }) => total + unknownCount, 0);
    lines.push(
      `Measuring quality cost ${unknown > 0 ? 'at least ' : ''}${dollars(sum)}, measured (requests: ${parts}); it is in no other figure here.`,
    );
  }
  return lines;
}

/** Those that are missing are not missing by chance: an alternative that talks too long is cut off more often. */
function notComparedLine({ comparisons, spending }: QualityReport): string | null {
  const asked = spending.find(({ purpose }) => purpose === 'shadow')?.requestCount ?? 0;
  const judged = comparisons.reduce((sum, { difference }) => sum + difference.answerCount, 0);
  if (asked <= judged) return null;
  return `Of ${asked} alternatives that were asked for ${judged} were compared; the others were cut off at max_tokens, failed, are not judged yet or got no verdict, which is no random part.`;
}

function lowerLines({ lower, upper, counts, difference, judge }: Comparison): readonly string[] {
  const { answerCount, difference: points, low, high } = difference;
  const own = [lower.modelId, upper.modelId].includes(judge) ? ' The judge is one of the two.' : '';
  return [
    `Quality of what ${lower.tier} (${lower.modelId}) answered instead of ${upper.tier} (${upper.modelId}): ${signed(points)} points, 95% interval ${signed(low)} to ${signed(high)}, from ${answerCount} judged answers.`,
    `  Better ${counts.win}, as good ${counts.tie}, worse ${counts.loss}; better less worse, in hundredths. Measured on a random sample: ${judge} saw both answers in both orders, and a contradiction is a tie.${own}`,
  ];
}

/** What the word of a judge is worth: by what it does with these answers, and by those of which the truth is known. */
function judgeOfThese(
  judge: string,
  comparisons: readonly Comparison[],
  judges: readonly JudgeEvaluation[],
): readonly string[] {
  const own = comparisons.filter((one) => one.judge === judge);
  const sum = (count: (one: Comparison) => number): number =>
    own.reduce((total, one) => total + count(one), 0);
  const [first, second] = [sum((one) => one.favoured.first), sum((one) => one.favoured.second)];
  const ties = sum(({ counts }) => counts.tie);
  const known = reliabilityOf(judges, judge);
  return [
    `The judge ${judge} contradicted itself in ${first + second} of ${sum(({ difference }) => difference.answerCount)} comparisons, which are among the ${ties} ties: in ${first} it named the first place whatever stood there, in ${second} the second.`,
    known === null
      ? `  Whether it can judge was not measured: nearfar eval ${judge} --judge`
      : `  ${verdictLine(known.evaluation.modelId, known.reliability)} (${known.evaluation.date.slice(0, 10)})`,
  ];
}

function watchLine({ tier, level, judgedCount, neededCount, health, delays }: TierWatch): string {
  if (level === null)
    return `${tier} is not watched yet: what is expected of it is learned from its first ${neededCount} judged answers, ${judgedCount} so far.`;
  const soon =
    delays === null
      ? ''
      : ` A fall of 10 points would take traffic from it after ${delays.watched.median} judged answers (median; 95%: ${delays.watched.percentile95}), predicted.`;
  const state = health.reason ?? `${tier} is as expected`;
  const penalty =
    health.penalty === 0 ? '' : `; the route takes ${Math.round(100 * health.penalty)} points off it`;
  return `${state}${penalty}. Watched over ${judgedCount} judged answers.${soon}`;
}

function feedbackLine({ model, count, upCount, downCount, meanScore }: FeedbackSum): string {
  return `Callers said of ${model ?? 'no model'}: ${upCount} up, ${downCount} down of ${count}, mean ${meanScore.toFixed(2)} of -1 to 1, measured (those who spoke, not a sample).`;
}

function signed(share: number): string {
  const points = (100 * share).toFixed(1);
  return share > 0 && points !== '0.0' ? `+${points}` : points;
}

export function qualityJson(
  { comparisons, feedback, spending, watches }: QualityReport,
  judges: readonly JudgeEvaluation[] = [],
): object {
  return {
    measured: comparisons.some(({ answeredTier, lower }) => answeredTier === lower.tier),
    comparisons: comparisons.map(({ lower, upper, answeredTier, judge, counts, favoured, difference }) => ({
      lowerTier: lower.tier,
      lowerModel: lower.modelId,
      upperTier: upper.tier,
      upperModel: upper.modelId,
      answeredTier,
      judge,
      basis: 'measured',
      judgedAnswers: difference.answerCount,
      wins: counts.win,
      ties: counts.tie,
      losses: counts.loss,
      tiesByPlace: favoured,
      difference: difference.difference,
      interval95: [difference.low, difference.high],
    })),
    judges: [...new Set(comparisons.map(({ judge }) => judge))].map((judge) => {
      const known = reliabilityOf(judges, judge);
      return {
        judge,
        reliability:
          known === null
            ? null
            : {
                ...reliabilityJson(known.reliability),
                measuredAt: known.evaluation.date,
                model: known.evaluation.modelId,
              },
      };
    }),
    tiers: watches.map(({ tier, modelId, upperModelId, judge, level, judgedCount, health, delays }) => ({
      tier,
      model: modelId,
      upperModel: upperModelId,
      judge,
      state: level ?? 'learning',
      judgedAnswers: judgedCount,
      penalty: health.penalty,
      reason: health.reason,
      noticedAfterPredicted: delays?.watched ?? null,
      alarmAfterPredicted: delays?.alarm ?? null,
    })),
    feedback: feedback.map(({ model, count, upCount, downCount, meanScore }) => ({
      model,
      answers: count,
      up: upCount,
      down: downCount,
      meanScore,
    })),
    spent: spending.map(({ purpose, requestCount, failedCount, costMicros, unknownCount }) => ({
      purpose,
      requests: requestCount,
      failedRequests: failedCount,
      usd: costMicros / 1_000_000,
      unknownRequests: unknownCount,
    })),
  };
}

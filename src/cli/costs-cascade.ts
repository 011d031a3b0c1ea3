import type { CascadeReport } from '../ledger/cascade-report.ts';

/** What starting with the near model cost; nothing where no cascade judged it. */
export function cascadeLines(report: CascadeReport | null): readonly string[] {
  if (report === null) return [];
  const { judgedCount, escalatedCount, unshownTokenCount, escalatedMs, shownMs } = report;
  const mean = (ms: number, count: number): string => (count === 0 ? '-' : `${(ms / count).toFixed(0)} ms`);
  const shownCount = judgedCount - escalatedCount;
  return [
    `Cascade: of ${judgedCount.toLocaleString('en-US')} answers that the near model began, ${escalatedCount.toLocaleString('en-US')} were handed over before a token was shown ` +
      `(${((100 * escalatedCount) / judgedCount).toFixed(1)}%).`,
    `  Spent on those: ${unshownTokenCount.toLocaleString('en-US')} near tokens that nobody saw, and ${mean(escalatedMs, escalatedCount)} of waiting each; ` +
      `the ${shownCount.toLocaleString('en-US')} others were held back ${mean(shownMs, shownCount)} each. All measured.`,
    '',
  ];
}

/** For programs. */
export function cascadeJson(report: CascadeReport | null): object | null {
  if (report === null) return null;
  const { judgedCount, escalatedCount, unshownTokenCount, escalatedMs, shownMs } = report;
  return {
    judgedRequests: judgedCount,
    escalatedRequests: escalatedCount,
    unshownNearTokens: unshownTokenCount,
    escalatedHeldMs: escalatedMs,
    shownHeldMs: shownMs,
    basis: 'measured',
  };
}

import process from 'node:process';
import { breakEvenReuseCount, expectedCacheSaving } from '../plan/calculate/cache-break-even.ts';
import { bestDraft, draftingGain, expectedTokenCount } from '../plan/calculate/speculation-gain.ts';
import { compareWithGuide, type ComparedFigure } from '../plan/calculate/figure.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';

const share = { min: 0, max: 1 };
const price = { min: 0, max: 1e6 };

export function printPlan(options: OptionValues, report: object, lines: readonly string[]): number {
  process.stdout.write(
    options.flag('json') ? `${JSON.stringify(report, null, 2)}\n` : `${lines.join('\n')}\n`,
  );
  return 0;
}

export function requiredNumber(
  options: OptionValues,
  name: string,
  range: { min?: number; max?: number },
): number {
  const value = options.number(name, range);
  if (value === undefined) throw new UsageError(`--${name}: expected a number`);
  return value;
}

export function planDraft({ options }: CommandInput): number {
  const acceptanceRate = requiredNumber(options, 'acceptance', share);
  const costRatio = options.number('draft-cost', { min: 0, max: 1000 }) ?? 0;
  const best = bestDraft(acceptanceRate, costRatio);
  const asked = options.number('draft-tokens', { min: 0, max: 1000 }) ?? best.draftTokenCount;
  const gain = draftingGain({ acceptanceRate, draftTokenCount: asked, costRatio });
  const tokensPerRound = expectedTokenCount(acceptanceRate, asked);
  const guide = claimed(
    gain,
    'speedup',
    'x',
    '1.5x-3x for code, 1.2x-1.5x for general text',
    [1.2, 3],
    'the rate, the cost of a draft or the length is not of that kind',
  );
  const report = {
    basis: 'estimated',
    guide,
    acceptanceRate,
    costRatio,
    draftTokenCount: asked,
    tokensPerRound,
    gain,
    best,
  };
  return printPlan(options, report, [
    `Estimated: ${tokensPerRound.toFixed(2)} tokens a round of ${asked} drafted, ${gain.toFixed(2)} times as fast as without.`,
    best.draftTokenCount === 0
      ? 'No length pays at this rate and cost.'
      : `Most is gained with ${best.draftTokenCount}: ${best.gain.toFixed(2)} times.`,
    'Formula: (1 - a^(n+1)) / (1 - a) tokens for n x cost + 1 steps (Leviathan et al. 2023, equation 1 and theorem 3.8), where',
    'checking n + 1 tokens costs no more than one: true where memory bounds a step, not on a CPU that computes.',
    `${claimLine(guide)} \`npm run bench -- speculate\` measures it here.`,
  ]);
}

export function planCache({ options }: CommandInput): number {
  const input = requiredNumber(options, 'input-price', price);
  const cacheRead = requiredNumber(options, 'read-price', price);
  const cacheWrite = options.number('write-price', price) ?? input;
  const ttlMinutes = options.number('ttl', { min: 0, max: 1e6 }) ?? 5;
  const perHour = options.number('per-hour', { min: 0, max: 1e9 });
  const prices = { input, cacheRead, cacheWrite };
  const reuseCount = breakEvenReuseCount(prices);
  const saving = perHour === undefined ? null : expectedCacheSaving(prices, perHour, ttlMinutes * 60_000);
  const guide =
    saving === null
      ? null
      : claimed(
          saving,
          'saved of repeated prefixes',
          'share',
          'Prompt caching: 50-90% on repeated prefixes',
          [0.5, 0.9],
          'it depends on how often the beginning comes within its time, and on what writing costs',
        );
  const report = {
    basis: 'estimated',
    guide,
    ...prices,
    ttlMinutes,
    reuseCount,
    perHour: perHour ?? null,
    saving,
  };
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  return printPlan(options, report, [
    reuseCount === Infinity
      ? 'Reading from the cache costs no less than reading anew: it never pays.'
      : `It pays from ${reuseCount === 0 ? 'the first reuse on, at no risk' : `${reuseCount.toFixed(2)} reuses a write on`}: (write - input) / (input - read).`,
    ...(saving === null
      ? ['With --per-hour: what is saved when requests come at random.']
      : [
          `${perHour ?? 0} requests an hour, kept ${ttlMinutes} minutes after each use: ${
            saving >= 0 ? `saves ${percent(saving)}` : `costs ${percent(-saving)} more`
          } of what the beginning costs without (requests at random: found with 1 - exp(-rate x time)).`,
        ]),
    guide === null ? 'The guide says 50-90% on repeated prefixes.' : claimLine(guide),
    '`nearfar costs --cache` shows what your traffic really saved.',
  ]);
}

/** A figure of ours beside the guide's. */
export function claimed(
  value: number,
  name: string,
  unit: string,
  text: string,
  range: readonly [number, number],
  why: string,
): ComparedFigure {
  const figure = { name, value, unit, basis: 'estimated' as const, formula: '', inputs: {}, source: '' };
  return compareWithGuide(figure, { text, range }, why);
}

export function claimLine({ claim, value, unit, agrees, difference }: ComparedFigure): string {
  const shown = unit === 'share' ? `${Math.round(100 * value)}%` : `${value.toFixed(2)}${unit}`;
  return `The guide says: ${claim.text}. Here ${shown}: ${agrees ? 'agrees' : `differs, ${difference ?? ''}`}.`;
}

import type { PriceEntry } from '../../ledger/prices.ts';
import { checked, type Evidence } from './evidence.ts';
import type { SkillScores } from './tasks.ts';

/**
 * A class of models that are asked over the net. What today's reach is not known here: each class counts for what an older model of
 * its kind was published to reach, which is a lower bound.
 */
export interface ApiClass {
  readonly name: 'small' | 'mid' | 'frontier';
  readonly models: RegExp;
  readonly scores: SkillScores;
  /** Milliseconds; assumed, as no price list tells. */
  readonly firstTokenMs: number;
  readonly interTokenMs: number;
  readonly evidence: Evidence;
}

export const apiClasses: readonly ApiClass[] = [
  {
    name: 'small',
    models: /(^|-)(luna|nano|mini|haiku|flash)(-|$)/,
    scores: { knowledge: 81.8, instructions: 80, code: 86.2, reasoning: 73, languages: 86.5 },
    firstTokenMs: 400,
    interTokenMs: 8,
    evidence: checked('at least GPT-4o mini: the table of the Phi-4 model card; latency assumed'),
  },
  {
    name: 'mid',
    models: /(^|-)(sol|terra|sonnet|gpt-5\.[45]|gemini-[\d.]+-pro)(-|$)/,
    scores: { knowledge: 88.1, instructions: 85, code: 90.6, reasoning: 74.6, languages: 90.4 },
    firstTokenMs: 600,
    interTokenMs: 15,
    evidence: checked('at least GPT-4o: the table of the Phi-4 model card; latency assumed'),
  },
  {
    name: 'frontier',
    models: /(^|-)(astra|opus|fable|mythos)(-|$)/,
    scores: { knowledge: 91.8, instructions: 90, code: 92.4, reasoning: 96.4, languages: 90.8 },
    firstTokenMs: 1000,
    interTokenMs: 25,
    evidence: checked(
      'at least o1 of 2024: openai/simple-evals, code and languages of o1-preview; instructions (IFEval) and latency assumed',
    ),
  },
];

/** A model that a provider sells by the token. */
export interface ApiModel {
  /** E.g. `api.openai.com/gpt-6-sol`, or as an upstream of the settings calls it. */
  readonly id: string;
  readonly host: string;
  readonly model: string;
  readonly tier: ApiClass;
  /** US dollars for a million tokens. */
  readonly prices: {
    readonly input: number;
    readonly output: number;
    readonly cacheRead: number | null;
    readonly cacheWrite: number | null;
    /** 0 to 1; `null`: no batches, or nobody told. */
    readonly batchDiscount: number | null;
  };
  readonly priceSource: string;
}

/** Sellers of others' models: what they call small or fast is of none of these classes. */
const otherHosts: ReadonlySet<string> = new Set([
  ...['api.mistral.ai', 'api.deepseek.com', 'api.x.ai', 'api.together.xyz', 'openrouter.ai'],
  ...['api.fireworks.ai', 'api.deepinfra.com', 'api.cerebras.ai', 'api.moonshot.ai', 'api.groq.com'],
]);

/** Models of a price list whose class is known; those of no class cannot be compared and are left out. Pure. */
export function apiModels(entries: readonly PriceEntry[]): readonly ApiModel[] {
  return entries.flatMap((entry) => {
    const tier = apiClasses.find(({ models }) => models.test(entry.model));
    if (tier === undefined || otherHosts.has(entry.host)) return [];
    const { input, output, cacheRead, cacheWrite } = entry.list;
    return [
      {
        id: `${entry.host}/${entry.model}`,
        host: entry.host,
        model: entry.model,
        tier,
        prices: {
          input,
          output,
          cacheRead: cacheRead ?? null,
          cacheWrite: cacheWrite ?? null,
          batchDiscount: entry.batchDiscount,
        },
        priceSource: `list of ${entry.date}`,
      },
    ];
  });
}

import { expectedCacheSaving } from '../calculate/cache-break-even.ts';
import { splitOutcome } from '../calculate/routing-split.ts';
import { planFormat } from '../catalogue/formats.ts';
import { listedApis, type GuideRow } from './guide-row.ts';
import { gainAt, percent, within } from './techniques.ts';

const cheapestFrontier = listedApis
  .filter(({ tier }) => tier.name === 'frontier')
  .toSorted((one, other) => one.prices.output - other.prices.output)[0];
const cheapOf = (name: string): { readonly input: number; readonly output: number } =>
  listedApis
    .filter(({ tier }) => tier.name === name)
    .map(({ prices }) => prices)
    .toSorted((one, other) => one.output - other.output)[0] ?? { input: NaN, output: NaN };
const perRequest = ({ input, output }: { readonly input: number; readonly output: number }): number =>
  (500 * input + 200 * output) / 1e6;

/** The guide's "Cost Optimization Strategy". */
export const costRows: readonly GuideRow[] = [
  {
    table: 'cost techniques',
    row: 'Prompt caching',
    claim: '50-90% on repeated prefixes; built into API',
    inputs:
      'a prefix that comes 20 and 1,000 times an hour, at the prices of the cheapest frontier model, kept 5 minutes',
    today:
      'Below some ten uses an hour it costs more than it saves: what is written is billed at 1.25. nearfar marks only what came again.',
    answer: () => {
      const prices = cheapestFrontier?.prices;
      const saving = (perHour: number): number =>
        prices === undefined
          ? NaN
          : expectedCacheSaving(
              {
                input: prices.input,
                cacheRead: prices.cacheRead ?? prices.input,
                cacheWrite: prices.cacheWrite ?? prices.input,
              },
              perHour,
              300_000,
            );
      return {
        computed: `${percent(saving(20))} at 20 an hour, ${percent(saving(1000))} at 1,000`,
        agrees: within(saving(20), 0.5, 0.9) && within(saving(1000), 0.5, 0.9),
      };
    },
  },
  {
    table: 'cost techniques',
    row: 'Model routing',
    claim: '60-80% overall; requires routing logic',
    inputs:
      'the guide’s shares 75/20/5, near models free, the cheapest mid and frontier models of the price list',
    today:
      'Machines of one’s own are not free: with rent it depends on how busy they are. What your traffic saves: nearfar plan what-if --from-ledger.',
    answer: () => {
      const { saving } = splitOutcome([
        { name: 'near', share: 0.75, costPerRequest: 0, quality: null },
        { name: 'mid', share: 0.2, costPerRequest: perRequest(cheapOf('mid')), quality: null },
        { name: 'far', share: 0.05, costPerRequest: perRequest(cheapOf('frontier')), quality: null },
      ]);
      return {
        computed: `${percent(saving)} against all to the frontier model`,
        agrees: within(saving, 0.6, 0.8),
      };
    },
  },
  {
    table: 'cost techniques',
    row: 'Batching',
    claim: '5-10x throughput; requires vLLM or similar',
    inputs: 'Llama 3.1 8B in Q8_0 on an H100, 8 and 16 at once',
    today: 'nearfar’s own engine batches too. At providers it is a price: half for what may wait a day.',
    answer: () => ({
      computed: `${gainAt(8).toFixed(1)}x at 8, ${gainAt(16).toFixed(1)}x at 16`,
      agrees: within(gainAt(8), 5, 10),
    }),
  },
  {
    table: 'cost techniques',
    row: 'Quantization',
    claim: '2-4x memory reduction; one-time model conversion',
    inputs: 'bits of Q8_0 and Q4_0 against 16',
    today: 'Of the weights; the KV cache stays unless it is quantized too.',
    answer: () => {
      const of = (name: string): number => 16 / planFormat(name).bitsPerWeight;
      return {
        computed: `${of('Q8_0').toFixed(2)}x and ${of('Q4_0').toFixed(2)}x`,
        agrees: within(of('Q8_0'), 2, 4) && within(of('Q4_0'), 2, 4),
      };
    },
  },
  {
    table: 'cost techniques',
    row: 'Smaller models for simple tasks',
    claim: '10-100x cost difference; task routing',
    inputs: 'a request of 500 in and 200 out at the cheapest frontier and the cheapest small model',
    today: 'Between models of one provider.',
    answer: () => {
      const ratio = perRequest(cheapOf('frontier')) / perRequest(cheapOf('small'));
      return { computed: `${ratio.toFixed(0)}x`, agrees: within(ratio, 10, 100) };
    },
  },
];

// Over 300 lines: a table of rows that belong together.
import { devices, type DeviceKind } from '../calculate/device.ts';
import { daysPerMonth } from '../calculate/monthly-cost.ts';
import { planFormats, formatsNamed } from '../catalogue/formats.ts';
import { findPlanModel, planModels, type PlanModel } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { ownedOffer, rentedOffers, usersOffer, usualQuestion } from '../decide/ask.ts';
import type { PlanQuestion } from '../decide/question.ts';
import type { SetUp } from '../decide/set-up.ts';
import { deviceNamed, engineNamed, traffic } from './choices.ts';
import {
  asked,
  bestOf,
  checked,
  dollars,
  listedApis,
  setUpWords,
  type GuideRow,
  type RowAnswer,
} from './guide-row.ts';

const perQuery = (question: PlanQuestion, setUp: SetUp | null): number =>
  (setUp?.cost.usd ?? NaN) / (question.traffic.requestsPerDay * daysPerMonth);
const isOnDevice = (setUp: SetUp | null): boolean => setUp?.near?.offer.terms === 'users';
const isInt4 = (setUp: SetUp | null): boolean => setUp?.near?.format.kind === 'INT4';
const within = (value: number, least: number, most: number): boolean =>
  value >= least * 0.85 && value <= most * 1.15;
const ofKind = (kind: DeviceKind) => devices.filter((device) => device.kind === kind).map(usersOffer);
const phones = ofKind('phone');
const pages = ofKind('browser');
const mac = [usersOffer(deviceNamed('Apple M4'))];
/** A conversation: of each prompt all but the newest words came before. */
const talk = (requestsPerDay: number) => traffic(requestsPerDay, { repeatedPromptShare: 0.8 });
const simple = { classification: 0.4, simple_qa: 0.6 } as const;
const basic: PlanQuestion['limits'] = { ...usualQuestion.limits, floor: qualityFloors.basic };

export function modelNamed(name: string): PlanModel {
  const found = findPlanModel(name);
  if (found === null) throw new RangeError(`The table has no ${name}.`);
  return found;
}

export const approachRows: readonly GuideRow[] = [
  {
    table: 'when to use each approach',
    row: 'Privacy-sensitive chat',
    claim: 'On-device SLM (INT4), $0, 50-200ms',
    inputs: 'goal cost, privacy device, a conversation on an Apple M4 of 16 GB, simple tasks, basic quality',
    today:
      'On the device at $0, yes. Which format is a matter of memory, and memory is seldom short for a model that is quick enough; the first token waits for the prompt to be read, which on devices without a large GPU takes longer than the guide says.',
    answer: () => {
      const setUp = bestOf(
        asked({
          goal: 'cost',
          privacy: 'device',
          offers: mac,
          traffic: talk(200),
          tasks: simple,
          limits: basic,
        }),
      );
      return checked(setUp, {
        'on the device': isOnDevice(setUp),
        INT4: isInt4(setUp),
        $0: setUp?.cost.usd === 0,
        '50-200 ms': within(setUp?.firstTokenMs ?? Infinity, 0, 200),
      });
    },
  },
  {
    table: 'when to use each approach',
    row: 'High-volume API',
    claim: 'Router → mostly SLM, $0.001/query, 100-500ms',
    inputs:
      'goal cost, 1,000,000 requests a day, rented machines or providers, at least GPT-4o-mini on what is simple',
    today:
      'A query is cheaper today than the guide says: some thousandths of a cent on rented GPUs that are busy, some hundredths at providers’ small models. Either is good enough for what GPT-3.5 did, so that nothing needs routing until the floor is higher.',
    answer: () => {
      const question = asked({ goal: 'cost', traffic: traffic(1_000_000), offers: rentedOffers() });
      const setUp = bestOf(question);
      const each = perQuery(question, setUp);
      const { agrees, computed } = checked(setUp, {
        'mostly a small model':
          (setUp?.near?.model.shape.parameterCount ?? Infinity) < 15e9 ||
          setUp?.far?.api.tier.name === 'small',
        'at most $0.001 a query': each <= 0.001,
        '100-500 ms': (setUp?.firstTokenMs ?? Infinity) <= 500,
      });
      return { agrees, computed: `$${each.toPrecision(2)} a query. ${computed}` };
    },
  },
  {
    table: 'when to use each approach',
    row: 'Mobile app',
    claim: 'On-device SLM + cloud fallback, $0.001/query, 50ms on-device',
    inputs:
      'goal cost, 100,000 requests a day of the usual mix, phones of users and providers, GPT-3.5 class',
    today:
      'The fallback takes the kinds of task that the phone’s model is not good enough for. 50 ms is too little for a prompt of 500 tokens on any phone of the table: it is what a few words take.',
    answer: () => {
      const question = asked({
        goal: 'cost',
        traffic: traffic(100_000),
        offers: [usersOffer(deviceNamed('Snapdragon 8 Elite'))],
      });
      const setUp = bestOf(question);
      const each = perQuery(question, setUp);
      const { agrees, computed } = checked(setUp, {
        'on the phone': isOnDevice(setUp),
        'cloud fallback': setUp !== null && setUp.far !== null,
        'at most $0.001 a query': each <= 0.001,
        '50 ms on the device': (setUp?.near?.firstTokenMs ?? Infinity) <= 57,
      });
      return { agrees, computed: `$${each.toPrecision(2)} a query. ${computed}` };
    },
  },
  {
    table: 'when to use each approach',
    row: 'Browser extension',
    claim: 'WebLLM + Transformers.js, $0, 200-500ms',
    inputs:
      'goal cost, privacy device, browsers of the table, prompts of 200 tokens, simple tasks, basic quality',
    today:
      'One of the two is enough. The first token takes the time to read the prompt: 200 tokens near a second on an integrated GPU.',
    answer: () => {
      const setUp = bestOf(
        asked({
          goal: 'cost',
          privacy: 'device',
          offers: pages,
          traffic: traffic(100, { promptTokenCount: 200, outputTokenCount: 100 }),
          tasks: simple,
          limits: basic,
        }),
      );
      return checked(setUp, {
        'WebLLM or Transformers.js': ['WebLLM', 'Transformers.js'].includes(setUp?.near?.engine.name ?? ''),
        $0: setUp?.cost.usd === 0,
        '200-500 ms': within(setUp?.firstTokenMs ?? Infinity, 0, 500),
      });
    },
  },
  {
    table: 'when to use each approach',
    row: 'IoT / embedded',
    claim: 'TinyLlama (GGUF, INT4), $0, 500ms+',
    inputs:
      'goal quality, privacy device, a small board of 2 GB, commands of 50 tokens, no floor, however long it takes',
    today:
      'TinyLlama is of 2023: models of its size and half of it score more today. INT4 is for what does not fit otherwise: of a model that does, finer formats are better and, on a board that may take its time, no worse.',
    answer: () => {
      const setUp = bestOf(
        asked({
          goal: 'quality',
          privacy: 'device',
          offers: [usersOffer(deviceNamed('Small IoT board'))],
          tasks: { simple_qa: 1 },
          traffic: traffic(100, { promptTokenCount: 50, outputTokenCount: 20 }),
          canWait: true,
          limits: { ...usualQuestion.limits, floor: qualityFloors.none },
        }),
      );
      return checked(setUp, {
        TinyLlama: setUp?.near?.model.name === 'TinyLlama 1.1B',
        GGUF: ['nearfar', 'llama.cpp'].includes(setUp?.near?.engine.name ?? ''),
        INT4: isInt4(setUp),
        '500 ms or more': (setUp?.firstTokenMs ?? 0) >= 425,
      });
    },
  },
];

/** The guide's set-up itself, whatever else would be better, and the planner's own. */
function priced(
  question: PlanQuestion,
  asTold: Partial<PlanQuestion>,
  range: readonly [number, number],
): RowAnswer {
  const told = bestOf({ ...question, ...asTold });
  const own = bestOf(question);
  const cost = told === null ? 'not possible' : dollars(told.cost.usd);
  return {
    agrees: told !== null && within(told.cost.usd, ...range),
    computed: `as told: ${setUpWords(told)} (${cost}); the planner: ${setUpWords(own)}`,
  };
}

const ofKinds = (...names: readonly string[]) =>
  planFormats.filter((one) => names.includes(one.kind) || names.includes(one.name));

export const scenarioRows: readonly GuideRow[] = [
  {
    table: 'scenarios by cost per month',
    row: 'On-device AI (phone/browser)',
    claim: 'Phi-4 INT4 + WebLLM / CoreML, $0 (on-device)',
    inputs:
      'Phi-4 in INT4 on every phone and browser of the table; and the planner’s own choice, simple tasks, basic quality',
    today:
      'Phi-4 has 14.7 billion weights: 8 GB in INT4, and an app gets half of a phone’s 12 to 16 GB. What fits is a model of 1 to 4 billion. $0, yes.',
    answer: () => {
      const question = asked({
        goal: 'quality',
        privacy: 'device',
        offers: [...phones, ...pages],
        tasks: simple,
        limits: basic,
      });
      const told = bestOf({
        ...question,
        canWait: true,
        models: [modelNamed('phi-4')],
        formats: formatsNamed('INT4'),
        engines: [engineNamed('WebLLM'), engineNamed('Core ML')],
      });
      return {
        agrees: told !== null,
        computed: `as told: ${setUpWords(told)}; the planner: ${setUpWords(bestOf(question))}`,
      };
    },
  },
  {
    table: 'scenarios by cost per month',
    row: 'Personal chatbot (<1K req/day)',
    claim: 'Ollama + 7B INT4 model, $0 (local)',
    inputs:
      '200 requests a day of a conversation on an Apple M4 of 16 GB, Ollama with models of 7 to 9 billion weights in INT4',
    today:
      'Possible at $0 beside the current, which the user pays. nearfar does the same; finer formats fit too.',
    answer: () =>
      priced(
        asked({ goal: 'cost', privacy: 'device', offers: mac, traffic: talk(200), tasks: simple }),
        {
          models: planModels.filter(
            ({ shape }) => shape.parameterCount > 6.5e9 && shape.parameterCount < 9.5e9,
          ),
          formats: formatsNamed('INT4'),
          engines: [engineNamed('Ollama')],
          limits: { ...usualQuestion.limits, floor: qualityFloors.basic },
        },
        [0, 0],
      ),
  },
  {
    table: 'scenarios by cost per month',
    row: 'Production API (10K req/day)',
    claim: 'vLLM + 70B INT8 + prompt caching, $200-500',
    inputs:
      '10,000 requests a day, half of each prompt repeats, rented machines; as told, and the planner’s own with providers',
    today:
      '70 billion weights in 8 bits are 71 GB: one H200, two H100 or four consumer GPUs around the clock, $1,500 and more. For $200 to 500 it takes a smaller model on one cheap GPU; a provider’s small model costs less than either.',
    answer: () =>
      priced(
        asked({
          goal: 'cost',
          offers: rentedOffers(),
          traffic: traffic(10_000, { repeatedPromptShare: 0.5 }),
        }),
        {
          privacy: 'own',
          models: [modelNamed('Llama 3.1 70B')],
          formats: ofKinds('INT8', 'FP8'),
          engines: [engineNamed('vLLM')],
        },
        [200, 500],
      ),
  },
  {
    table: 'scenarios by cost per month',
    row: 'Batch processing (1M req/day)',
    claim: 'TensorRT-LLM + FP8 + continuous batching, $1,000-3,000',
    inputs: '1,000,000 requests a day that may wait, spread evenly, models of GPT-3.5 class, rented machines',
    today:
      'Of which size the guide does not say. Of 7 billion weights one consumer GPU carries it by this roofline, which no engine quite reaches; 70 billion take some ten times as much.',
    answer: () =>
      priced(
        asked({
          goal: 'cost',
          canWait: true,
          offers: rentedOffers(),
          traffic: traffic(1_000_000, { peakFactor: 1 }),
        }),
        { privacy: 'own', formats: ofKinds('FP8'), engines: [engineNamed('TensorRT-LLM')] },
        [1000, 3000],
      ),
  },
  {
    table: 'scenarios by cost per month',
    row: 'Real-time voice (50ms SLA)',
    claim: 'Lightweight model + KV cache + no batching, $500-2,000',
    inputs:
      '10,000 requests a day of 200 tokens of which 80% repeat, 50 ms to the first token, rented machines, basic quality',
    today:
      'The network takes 20 of the 50 ms, and what is said before is in the cache; one consumer GPU keeps the promise with 14 billion weights even, and for several calls in one batch, for less. $500 and more is what a data centre’s GPU costs, which this does not need.',
    answer: () => {
      const question = asked({
        goal: 'cost',
        privacy: 'own',
        offers: rentedOffers(),
        traffic: traffic(10_000, { promptTokenCount: 200, outputTokenCount: 60, repeatedPromptShare: 0.8 }),
        tasks: simple,
        limits: { ...basic, firstTokenMs: 50 },
      });
      const setUp = bestOf(question);
      return checked(setUp, {
        'light model': (setUp?.near?.model.shape.parameterCount ?? Infinity) < 10e9,
        'KV cache': setUp?.near?.engine.hasPrefixCache === true,
        'no batching': setUp?.near?.batchSize === 1,
        '$500-2,000': within(setUp?.cost.usd ?? NaN, 500, 2000),
      });
    },
  },
  {
    table: 'scenarios by cost per month',
    row: 'Hybrid routing (100K req/day)',
    claim: 'Router → 80% SLM / 20% frontier, $100-500',
    inputs:
      '100,000 requests a day, a machine that is there for the 80%, frontier models of the price list for the 20%',
    today:
      'The 20% alone are 609,000 requests a month: at today’s frontier prices thousands of dollars. Within $500 the far model must be a small one.',
    answer: () => {
      const question = asked({
        goal: 'cost',
        offers: [ownedOffer(deviceNamed('RTX 4090'), 4)],
        traffic: traffic(100_000),
        tasks: { simple_qa: 0.5, classification: 0.3, reasoning: 0.2 },
      });
      return priced(
        question,
        {
          apis: listedApis.filter(({ tier }) => tier.name === 'frontier'),
          limits: {
            ...usualQuestion.limits,
            floor: { ...qualityFloors['gpt-3.5'], reasoning: 90 },
          },
        },
        [100, 500],
      );
    },
  },
];

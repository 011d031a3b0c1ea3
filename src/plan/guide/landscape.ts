import { guideMemoryTable } from '../calculate/memory-table.ts';
import { catalog } from '../../models/catalog.ts';
import { qualityOf } from '../../models/catalog/grade.ts';
import { apiClasses } from '../catalogue/api-models.ts';
import { findPlanModel } from '../catalogue/models.ts';
import { assumedMix, qualityFloors, skills, taskSkills, type SkillScores } from '../catalogue/tasks.ts';
import { ownedOffer, usualQuestion } from '../decide/ask.ts';
import { deviceNamed, traffic } from './choices.ts';
import { asked, bestOf, listedApis, type GuideRow } from './guide-row.ts';
import { onPhone } from './suitability.ts';

/** Classes that the guide compares with; chance is 25 on MMLU, which is what GPT-2 reaches. */
const classes: Readonly<Record<string, SkillScores>> = {
  'GPT-2': { knowledge: 25, instructions: null, code: null, reasoning: null, languages: null },
  'GPT-3.5': qualityFloors['gpt-3.5'],
  'Llama 3 8B': findPlanModel('Llama 3.1 8B')?.scores ?? qualityFloors.none,
  frontier: apiClasses.find(({ name }) => name === 'frontier')?.scores ?? qualityFloors.none,
};

/** Scores over those of a class, for the skills that both have figures of. */
function ratios(scores: SkillScores, to: SkillScores): readonly number[] {
  return skills.flatMap((skill) => {
    const [own, other] = [scores[skill], to[skill]];
    return own === null || other === null ? [] : [own / other];
  });
}

function landscapeRow(
  row: string,
  claim: string,
  models: readonly string[],
  className: string,
  today: string,
): GuideRow {
  return {
    table: 'small models',
    row,
    claim,
    inputs: `published scores of ${models.join(', ')} over those of the ${className} class, skill by skill: the same where all are within 15%`,
    today,
    answer: () => {
      const found = models.map((name) => {
        const model = findPlanModel(name);
        const all = ratios(model?.scores ?? qualityFloors.none, classes[className] ?? qualityFloors.none);
        return { name, low: Math.min(...all), high: Math.max(...all) };
      });
      return {
        computed: found
          .map(({ name, low, high }) => `${name} ${low.toFixed(2)} to ${high.toFixed(2)}`)
          .join('; '),
        agrees: found.every(({ low, high }) => low >= 0.85 && high <= 1.15),
      };
    },
  };
}

export const landscapeRows: readonly GuideRow[] = [
  landscapeRow(
    'Phi-4 (Microsoft)',
    '14B; GPT-3.5 class; reasoning, code, general',
    ['Phi-4 14B'],
    'GPT-3.5',
    'Well above in knowledge, code and mathematics, near GPT-4o mini; below it in following instructions (IFEval 63).',
  ),
  landscapeRow(
    'Gemma 2/3 (Google)',
    '2B-9B; Llama 3 8B class; lightweight, multilingual',
    ['Gemma 2 9B'],
    'Llama 3 8B',
    'The 9B in knowledge and instructions; in languages below Llama 3.1 8B, in code by Meta’s count (54 against 73) though hardly by Qwen’s (69). The 2B is far below; Gemma 3 has 270M to 27B.',
  ),
  landscapeRow(
    'Llama 3.2 (Meta)',
    '1B-11B; GPT-3.5 class; general, on-device',
    ['Llama 3.2 1B', 'Llama 3.2 3B'],
    'GPT-3.5',
    'The text models are 1B and 3B; the 11B is the 8B of 3.1 with eyes. The 3B comes near GPT-3.5, the 1B does not. There is no Llama 3.2 of 8B or 70B.',
  ),
  landscapeRow(
    'TinyLlama',
    '1.1B; GPT-2 class; ultra-lightweight, CPU only',
    ['TinyLlama 1.1B'],
    'GPT-2',
    'It runs on GPUs and in browsers as well.',
  ),
  landscapeRow(
    'Qwen 2.5 (Alibaba)',
    '0.5B-72B; frontier at 72B; multilingual',
    ['Qwen2.5 72B'],
    'frontier',
    'Nearly, by these benchmarks, which are near their end; of o1’s reasoning it reaches five sixths. Qwen 3 has replaced it.',
  ),
  landscapeRow(
    'Mistral 7B',
    '7B; GPT-3.5 class; fast, instruction-following',
    ['Mistral 7B'],
    'GPT-3.5',
    'In knowledge nearly, a fifth below in following instructions; in code, mathematics and languages far below.',
  ),
  {
    table: 'small models',
    row: 'H2O-Danube',
    claim: '1.8B; GPT-2 class; simpler tasks',
    inputs: 'the published average of H2O-Danube2 1.8B on the first Open LLM Leaderboard over chance',
    today: 'Above GPT-2, which answers by chance; Danube 3 has 0.5B and 4B.',
    answer: () => {
      const entry = catalog.find(({ id }) => id === 'h2o-danube2-1.8b-chat');
      const score = qualityOf(entry?.scores ?? []);
      return { computed: `${score.toFixed(1)} for 25 by chance`, agrees: score <= 25 * 1.15 };
    },
  },
];

export const memoryRows: readonly GuideRow[] = [
  ...guideMemoryTable().map((figure): GuideRow => ({
    table: 'memory',
    row: `${figure.model} in ${figure.format}`,
    claim: figure.claim.text,
    inputs: `${figure.formula}: ${Object.entries(figure.inputs)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    today: figure.difference ?? 'Of the weights; cache and process come on top.',
    answer: () => ({ computed: `${(figure.value / 1e9).toFixed(2)} GB`, agrees: figure.agrees }),
  })),
  {
    table: 'memory',
    row: '7B in FP16 on a phone',
    claim: 'A 7B model in FP16 needs 14GB of memory (impossible on a phone)',
    inputs: 'Mistral 7B in F16 on the phones of the table',
    today: 'An app gets half of a phone’s 8 to 16 GB.',
    answer: () => {
      const possible = ['Apple A19 Pro', 'Snapdragon 8 Elite'].filter(
        (phone) => onPhone(phone, 'Mistral 7B', ['F16']).fits,
      );
      return {
        computed: possible.length === 0 ? 'fits none' : `fits ${possible.join(', ')}`,
        agrees: possible.length === 0,
      };
    },
  },
  {
    table: 'memory',
    row: '7B in INT4 on a phone',
    claim: 'In INT4, it needs only 3.5GB (feasible on recent phones)',
    inputs: 'Mistral 7B in 4-bit formats on the phones of the table',
    today: 'With block scales 4.1 GB.',
    answer: () => {
      const possible = ['Apple A19 Pro', 'Snapdragon 8 Elite'].filter(
        (phone) => onPhone(phone, 'Mistral 7B', ['Q4_0', 'LiteRT-int4', 'CoreML-int4', 'PTE-8da4w']).fits,
      );
      return { computed: `fits ${possible.join(', ') || 'none'}`, agrees: possible.length > 0 };
    },
  },
];

function phoneRow(row: string, claim: string, device: string, told: number): GuideRow {
  return {
    table: 'phones',
    row,
    claim,
    inputs: `Mistral 7B in 4 bits on the ${device}, the fastest engine, one answer`,
    today:
      'Every token reads all weights: 4 GB of them through 77 to 85 GB/s are 19 to 21 tokens/s if nothing else is read, and 60 to 70% of that is what engines reach. 30 takes a model of 3 billion.',
    answer: () => {
      const { tokensPerSecond } = onPhone(device, 'Mistral 7B', [
        'Q4_0',
        'LiteRT-int4',
        'CoreML-int4',
        'PTE-8da4w',
        'Q4_K_M',
      ]);
      return {
        computed: `${tokensPerSecond.toFixed(1)} tokens/s, estimated`,
        agrees: tokensPerSecond >= told * 0.85,
      };
    },
  };
}

export const phoneRows: readonly GuideRow[] = [
  phoneRow(
    'Apple Neural Engine',
    '7B-class models in INT4 at 30+ tokens/sec on iPhone 17 Pro',
    'Apple A19 Pro',
    30,
  ),
  phoneRow(
    'Qualcomm AI Engine',
    'Snapdragon 8 Elite can run 7B INT4 models at 20+ tokens/sec',
    'Snapdragon 8 Elite',
    20,
  ),
];

/** Kinds of task near where a small model comes within 15% of the frontier's published score. */
function routed() {
  const scores = apiClasses.find(({ name }) => name === 'frontier')?.scores ?? qualityFloors.none;
  const floor = Object.fromEntries(
    skills.map((skill) => [skill, (scores[skill] ?? 0) * 0.85]),
  ) as unknown as SkillScores;
  const question = asked({
    goal: 'cost',
    traffic: traffic(10_000),
    offers: [ownedOffer(deviceNamed('RTX 4090'), 2)],
    apis: listedApis.filter(({ tier }) => tier.name === 'frontier'),
    limits: { ...usualQuestion.limits, floor: { ...qualityFloors.none, ...pick(floor) } },
  });
  return { best: bestOf(question), all: bestOf({ ...question, offers: [] }) };
}

/** Of the skills that the assumed mix needs. */
function pick(floor: SkillScores): Partial<SkillScores> {
  const needed = new Set(Object.keys(assumedMix).map((task) => taskSkills[task as keyof typeof assumedMix]));
  return Object.fromEntries(
    Object.entries(floor).filter(([skill]) => needed.has(skill as keyof SkillScores)),
  );
}

const share = (value: number): string => `${Math.round(100 * value)}%`;
const near = (value: number, least: number, most: number): boolean =>
  value >= least * 0.85 && value <= most * 1.15;
const mixInputs =
  'the assumed mix of tasks, 10,000 requests a day, machines that are there and frontier models of the price list, within 15% of the frontier’s score on each kind';

export const routingRows: readonly GuideRow[] = [
  {
    table: 'routing results',
    row: 'SLM',
    claim: '70-80% of queries go to the SLM',
    inputs: mixInputs,
    today: 'It is the mix of tasks that decides; nearfar route and calibrate tell yours.',
    answer: () => {
      const { best } = routed();
      return { computed: share(best?.nearShare ?? 0), agrees: near(best?.nearShare ?? 0, 0.7, 0.8) };
    },
  },
  {
    table: 'routing results',
    row: 'Mid-tier',
    claim: '15-25% go to mid-tier',
    inputs: mixInputs,
    today: 'The planner weighs two tiers. nearfar routes over as many as you name (route.tiers).',
    answer: () => {
      const { best } = routed();
      const farShare = best === null || best.far === null ? 0 : 1 - best.nearShare;
      const left = 1 - (best?.nearShare ?? 0) - farShare;
      return { computed: `${share(Math.max(0, left))}, beside near and far`, agrees: near(left, 0.15, 0.25) };
    },
  },
  {
    table: 'routing results',
    row: 'Frontier',
    claim: '5-10% go to frontier',
    inputs: mixInputs,
    today: 'It is the mix of tasks that decides.',
    answer: () => {
      const { best } = routed();
      return {
        computed: share(1 - (best?.nearShare ?? 0)),
        agrees: near(1 - (best?.nearShare ?? 0), 0.05, 0.1),
      };
    },
  },
  {
    table: 'routing results',
    row: 'Saving',
    claim: 'Overall cost reduction: 60-80%',
    inputs: mixInputs,
    today: 'Against all to the frontier, current of the machines counted, their price not.',
    answer: () => {
      const { best, all } = routed();
      const saving = 1 - (best?.cost.usd ?? NaN) / (all?.cost.usd ?? NaN);
      return { computed: share(saving), agrees: near(saving, 0.6, 0.8) };
    },
  },
];

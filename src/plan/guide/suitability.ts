import type { TaskType } from '../../route/task/task-type.ts';
import { apiClasses } from '../catalogue/api-models.ts';
import { planFormats } from '../catalogue/formats.ts';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors, taskSkills, type SkillScores } from '../catalogue/tasks.ts';
import { ownedOffer, usersOffer, usualQuestion } from '../decide/ask.ts';
import { nearParts } from '../decide/near-part.ts';
import { deviceNamed, traffic } from './choices.ts';
import { asked, bestOf, listedApis, type GuideRow } from './guide-row.ts';
import { modelNamed } from './scenarios.ts';

const frontier = apiClasses.find(({ name }) => name === 'frontier');
const scoreOf = (scores: SkillScores | undefined, task: TaskType): number =>
  scores?.[taskSkills[task]] ?? NaN;
const slms = planModels.filter(({ shape }) => shape.parameterCount < 15e9);

/** Whether a small model on the user's machine is chosen where it must reach so much of what the frontier reaches. */
function slmReaches(task: TaskType, share: number): boolean {
  const floor = { ...qualityFloors.none, [taskSkills[task]]: share * scoreOf(frontier?.scores, task) };
  const setUp = bestOf(
    asked({
      goal: 'cost',
      tasks: { [task]: 1 },
      models: slms,
      offers: [ownedOffer(deviceNamed('RTX 4090'), 1)],
      apis: listedApis.filter(({ tier }) => tier.name === 'frontier'),
      limits: { ...usualQuestion.limits, floor },
    }),
  );
  return setUp?.far === null;
}

function taskRow(
  row: string,
  claim: string,
  task: TaskType,
  told: 'yes' | 'sometimes' | 'rarely',
  today: string,
): GuideRow {
  return {
    table: 'task suitability',
    row,
    claim,
    inputs: `goal cost, that kind of task only, up to 15 billion weights on an RTX 4090 or the frontier: yes where its published score is reached within 15%, sometimes within 30%`,
    today,
    answer: () => {
      const found = slmReaches(task, 0.85) ? 'yes' : slmReaches(task, 0.7) ? 'sometimes' : 'rarely';
      return { computed: `${found} (${taskSkills[task]})`, agrees: found === told };
    },
  };
}

const measure = 'One benchmark stands for the kind of task: nearfar eval and shadow measure yours.';

export const taskRows: readonly GuideRow[] = [
  taskRow(
    'Classification, routing, intent detection',
    'SLM works: yes; frontier better: marginally',
    'classification',
    'yes',
    measure,
  ),
  taskRow('Simple Q&A, summarization', 'yes; slightly', 'simple_qa', 'yes', measure),
  taskRow(
    'Code generation (common patterns)',
    'yes; for complex logic',
    'code',
    'yes',
    `HumanEval is common patterns. ${measure}`,
  ),
  taskRow(
    'Creative writing, nuanced analysis',
    'sometimes; significantly',
    'creative',
    'sometimes',
    'No benchmark of the catalogue measures it: knowledge stands in, which says little. Take the guide’s word, or judge your own with shadow.',
  ),
  taskRow(
    'Multi-step reasoning',
    'rarely; much better',
    'reasoning',
    'rarely',
    'Small models learned mathematics since: Phi-4 reaches 80% on MATH. On long chains and tools they are further behind than that benchmark shows.',
  ),
  taskRow(
    'Multilingual, low-resource',
    'depends on training; usually better',
    'low_resource',
    'sometimes',
    `MGSM is of ten languages that are mostly not low-resource. ${measure}`,
  ),
];

/** Whether a phone holds a model in a format at all, and how fast. */
export function onPhone(
  device: string,
  model: string,
  formats: readonly string[],
): { readonly fits: boolean; readonly tokensPerSecond: number } {
  const parts = planFormats
    .filter(({ name }) => formats.includes(name))
    .flatMap((format) =>
      asked({}).engines.flatMap((engine) =>
        nearParts(
          asked({ traffic: traffic(10, { promptTokenCount: 100, outputTokenCount: 100 }) }),
          modelNamed(model),
          format,
          engine,
          usersOffer(deviceNamed(device)),
        ),
      ),
    );
  return {
    fits: parts.length > 0,
    tokensPerSecond: Math.max(0, ...parts.map(({ interTokenMs }) => 1000 / interTokenMs)),
  };
}

import { taskTypes, type TaskType } from '../../route/task/task-type.ts';
import { requireNumber } from '../calculate/figure.ts';

/** What a model is published to be able to do: each is one benchmark, percent. */
export const skills = ['knowledge', 'instructions', 'code', 'reasoning', 'languages'] as const;
export type Skill = (typeof skills)[number];

/** `null`: no figure was published that is known here. */
export type SkillScores = Readonly<Record<Skill, number | null>>;

export const skillBenchmarks: Readonly<Record<Skill, string>> = {
  knowledge: 'MMLU',
  instructions: 'IFEval',
  code: 'HumanEval',
  reasoning: 'MATH',
  languages: 'MGSM',
};

/**
 * The benchmark that stands for a kind of task. A convention: none measures your task. Creative writing has no benchmark of this
 * kind; knowledge stands in for it, which says little.
 */
export const taskSkills: Readonly<Record<TaskType, Skill>> = {
  classification: 'instructions',
  simple_qa: 'knowledge',
  code: 'code',
  creative: 'knowledge',
  reasoning: 'reasoning',
  low_resource: 'languages',
  other: 'knowledge',
};

/** Of all requests the share of each kind; together 1. */
export type TaskMix = Readonly<Partial<Record<TaskType, number>>>;

/** What is assumed where nobody says: mostly simple, some code, little that is hard. */
export const assumedMix: TaskMix = {
  classification: 0.25,
  simple_qa: 0.45,
  code: 0.15,
  creative: 0.05,
  reasoning: 0.1,
};

/** @throws RangeError naming the kind or the sum */
export function checkMix(mix: TaskMix): TaskMix {
  let sum = 0;
  for (const [task, share] of Object.entries(mix)) {
    if (!taskTypes.some((known) => known === task))
      throw new RangeError(`tasks: expected ${taskTypes.join(', ')}, got ${JSON.stringify(task)}`);
    sum += requireNumber(`share of ${task}`, share, 0, 1);
  }
  if (Math.abs(sum - 1) > 1e-6) throw new RangeError(`tasks: expected shares with a sum of 1, got ${sum}`);
  return mix;
}

/**
 * Least score by kind of task, 0 to 100. `basic` is what Llama 3.2 1B reaches, `gpt-3.5` GPT-3.5 Turbo, `gpt-4o` GPT-4o: classes
 * that the guide speaks of, by what their makers or Meta's model card published; those of GPT-3.5 by Meta's announcement of Llama 3.1,
 * from memory.
 */
export const qualityFloors = {
  none: { knowledge: null, instructions: null, code: null, reasoning: null, languages: null },
  basic: { knowledge: 49.3, instructions: 59.5, code: null, reasoning: 30.6, languages: 24.5 },
  'gpt-3.5': { knowledge: 69.8, instructions: 69.9, code: 68, reasoning: 43.1, languages: 51.4 },
  'gpt-4o': { knowledge: 88.1, instructions: 85, code: 90.6, reasoning: 74.6, languages: 90.4 },
} as const satisfies Readonly<Record<string, SkillScores>>;
export type QualityFloorName = keyof typeof qualityFloors;

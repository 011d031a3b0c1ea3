import type { LoadedSettings } from '../config/load.ts';
import { apiModels } from '../plan/catalogue/api-models.ts';
import { engineNames, findEngine, planEngines } from '../plan/catalogue/engines.ts';
import { formatsNamed, planFormats } from '../plan/catalogue/formats.ts';
import { findPlanModel, planModels } from '../plan/catalogue/models.ts';
import {
  assumedMix,
  checkMix,
  qualityFloors,
  skills,
  type QualityFloorName,
  type SkillScores,
  type TaskMix,
} from '../plan/catalogue/tasks.ts';
import { usualQuestion } from '../plan/decide/ask.ts';
import { goals, privacies, type PlanQuestion } from '../plan/decide/question.ts';
import { UsageError, type OptionValues } from './command.ts';
import { offersOf } from './plan-hardware.ts';

const share = { min: 0, max: 1 };
export const mostTokenCount = 1e8;
const tokens = { min: 1, max: mostTokenCount };
export const mostRequestsPerDay = 1e12;

/** The question that the options ask, with what they leave open as usual. @throws UsageError naming the option */
export async function questionOf(options: OptionValues, loaded: LoadedSettings): Promise<PlanQuestion> {
  const { loadPriceTable } = await import('../ledger/price-file.ts');
  const { traffic, limits, energyPrice, lifeYears } = usualQuestion;
  const privacy = oneOf('privacy', options.text('privacy') ?? 'any', privacies);
  const hasApis = privacy === 'any' && !options.flag('no-api');
  const canWait = options.flag('can-wait');
  return {
    goal: oneOf('goal', options.text('goal') ?? 'cost', goals),
    traffic: {
      requestsPerDay:
        options.number('requests-per-day', { min: 0, max: mostRequestsPerDay }) ?? traffic.requestsPerDay,
      promptTokenCount: options.number('prompt', tokens) ?? traffic.promptTokenCount,
      outputTokenCount: options.number('answer', tokens) ?? traffic.outputTokenCount,
      repeatedPromptShare: options.number('repeated-share', share) ?? traffic.repeatedPromptShare,
      peakFactor: options.number('peak', { min: 1, max: 1000 }) ?? (canWait ? 1 : traffic.peakFactor),
    },
    canWait,
    tasks: tasksOf(options.text('tasks')),
    privacy,
    offers: await offersOf(options, loaded),
    apis: hasApis ? apiModels((await loadPriceTable(loaded.home)).entries) : [],
    limits: {
      firstTokenMs: options.number('first-token-ms', { min: 0, max: 1e9 }) ?? limits.firstTokenMs,
      interTokenMs: options.number('token-ms', { min: 0, max: 1e9 }) ?? limits.interTokenMs,
      usdPerMonth: options.number('budget', { min: 0, max: 1e12 }) ?? null,
      floor: floorOf(options.text('least-quality')),
    },
    energyPrice: options.number('energy-price', { min: 0, max: 1000 }) ?? energyPrice,
    lifeYears: options.number('life-years', { min: 0.1, max: 100 }) ?? lifeYears,
    models: modelsOf(options.text('model')),
    formats: formatsOf(options.text('format')),
    engines: enginesOf(options.text('engine')),
  };
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found === undefined)
    throw new UsageError(`--${option}: expected one of ${names.join(', ')}, got ${JSON.stringify(text)}`);
  return found;
}

/** `classification=0.4,simple_qa=0.6`; a single name stands for all. */
function tasksOf(text: string | undefined): TaskMix {
  if (text === undefined) return assumedMix;
  const pairs = text.split(',').map((pair) => {
    const [name = '', value = '1'] = pair.split('=').map((word) => word.trim());
    return [name, value === '' ? NaN : Number(value)] as const;
  });
  try {
    return checkMix(Object.fromEntries(pairs));
  } catch (thrown) {
    throw new UsageError(`--${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

export function floorOf(text: string | undefined): SkillScores {
  const name = text ?? 'gpt-3.5';
  if (Object.hasOwn(qualityFloors, name)) return qualityFloors[name as QualityFloorName];
  const score = Number(name);
  if (name.trim() === '' || !Number.isFinite(score) || score < 0 || score > 100)
    throw new UsageError(
      `--least-quality: expected ${Object.keys(qualityFloors).join(', ')} or a score from 0 to 100, got ${JSON.stringify(text)}`,
    );
  return Object.fromEntries(skills.map((skill) => [skill, score])) as unknown as SkillScores;
}

function modelsOf(text: string | undefined): PlanQuestion['models'] {
  if (text === undefined) return planModels;
  const found = findPlanModel(text);
  if (found === null)
    throw new UsageError(
      `--model: expected one of ${planModels.map(({ name }) => name).join(', ')}, got ${JSON.stringify(text)}`,
    );
  return [found];
}

function formatsOf(text: string | undefined): PlanQuestion['formats'] {
  if (text === undefined) return planFormats;
  const found = formatsNamed(text);
  if (found.length === 0)
    throw new UsageError(
      `--format: expected FP16, INT8, INT4, NF4, FP8 or one of ${planFormats.map(({ name }) => name).join(', ')}, got ${JSON.stringify(text)}`,
    );
  return found;
}

function enginesOf(text: string | undefined): PlanQuestion['engines'] {
  if (text === undefined) return planEngines;
  const found = findEngine(text);
  if (found === null)
    throw new UsageError(`--engine: expected one of ${engineNames.join(', ')}, got ${JSON.stringify(text)}`);
  return [found];
}

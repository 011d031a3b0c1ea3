import process from 'node:process';
import { catalogueDate } from '../plan/catalogue/evidence.ts';
import { commandsFor } from '../plan/decide/commands.ts';
import type { PlanQuestion } from '../plan/decide/question.ts';
import { relaxations, type Relaxation } from '../plan/decide/relax.ts';
import { searchSetUps, type Recommendation } from '../plan/decide/search.ts';
import { settingsFor } from '../plan/decide/settings.ts';
import type { SetUp } from '../plan/decide/set-up.ts';
import { workingOf } from '../plan/decide/working.ts';
import { setUpWords } from '../plan/guide/guide-row.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { questionOf } from './plan-question.ts';
import { commandSettings } from './settings.ts';

const usualFile = 'nearfar.config.yaml';

/** `nearfar plan` without a word behind it: one set-up, two alternatives. Exit code 1 where none is possible. */
export async function planDecision(input: CommandInput): Promise<number> {
  const options = await answered(input.options);
  if (options === null) return 1;
  const loaded = await commandSettings(input.options);
  const question = await questionOf(options, loaded);
  const found = searchSetUps(question);
  const file = options.text('out') ?? usualFile;
  const isJson = options.flag('json');
  const [first] = found.setUps;
  if (!isJson) process.stdout.write(`${linesOf(question, found, file).join('\n')}\n`);
  if (first === undefined) {
    if (isJson) print(jsonOf(question, found, file));
    return 1;
  }
  if (!options.flag('apply')) {
    if (isJson) print(jsonOf(question, found, file));
    return 0;
  }
  const { applySetUp } = await import('./plan-apply.ts');
  const applied = await applySetUp(question, first, loaded, {
    file,
    isForced: options.flag('force'),
    starts: !options.flag('no-start'),
    measures: !options.flag('no-measure'),
  });
  if (isJson) print({ ...jsonOf(question, found, file), applied });
  else process.stdout.write(`\n${applied.lines.join('\n')}\n`);
  return applied.isWritten ? 0 : 1;
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** What options leave open is asked for on a terminal, where --goal is not given. */
async function answered(options: OptionValues): Promise<OptionValues | null> {
  if (options.text('goal') !== undefined) return options;
  if (!process.stdin.isTTY || !process.stdout.isTTY || options.flag('json'))
    throw new UsageError(
      'expected --goal latency, throughput, cost or quality, or a word for what is to be computed',
    );
  const { interview, openTerminal } = await import('./plan-interview.ts');
  const terminal = openTerminal();
  try {
    return await interview(options, terminal);
  } finally {
    terminal.close();
  }
}

function linesOf(question: PlanQuestion, found: Recommendation, file: string): readonly string[] {
  const { traffic, tasks, limits } = question;
  const head = [
    `Goal ${question.goal}; ${traffic.requestsPerDay.toLocaleString('en')} requests a day of ${traffic.promptTokenCount} tokens in and ` +
      `${traffic.outputTokenCount} out, ${Math.round(100 * traffic.repeatedPromptShare)}% of prompts repeat, the busiest hour has ${traffic.peakFactor} times the mean.`,
    `Tasks: ${Object.entries(tasks)
      .map(([task, share]) => `${task} ${Math.round(100 * share)}%`)
      .join(', ')}. Prompts may go: ${question.privacy}.`,
    `Limits: ${question.canWait ? 'none on latency, answers may wait' : `first token ${limits.firstTokenMs ?? 'any'} ms, ${Math.round(limits.interTokenMs ?? 0)} ms a token`}` +
      `${limits.usdPerMonth === null ? '' : `, $${limits.usdPerMonth} a month`}; scores of at least ${floorWords(question)}.`,
    `${found.consideredCount.toLocaleString('en')} set-ups considered, ${found.possibleCount.toLocaleString('en')} possible. All figures are estimates, by tables of ${catalogueDate}.`,
  ];
  if (found.setUps.length === 0) {
    return [
      ...head,
      '',
      'None is possible. Left out, by the first limit that each breaks:',
      ...Object.entries(found.leftOut)
        .filter(([, count]) => count > 0)
        .map(([why, count]) => `  ${count.toLocaleString('en')}: ${why}`),
      '',
      ...relaxedLines(relaxations(question)),
    ];
  }
  return [
    ...head,
    ...found.setUps.flatMap((setUp, index) => [
      '',
      `${index === 0 ? 'RECOMMENDED' : `ALTERNATIVE ${index}`}  ${setUpWords(setUp)}`,
      ...(index === 0 ? detailLines(question, setUp, file) : shortLines(setUp)),
    ]),
  ];
}

function relaxedLines(found: readonly Relaxation[]): readonly string[] {
  if (found.length === 0)
    return [
      'No limit that can be given up would help: other hardware (--hardware), another mix (--tasks) or other privacy is needed.',
    ];
  return [
    'Possible would be:',
    ...found.map(({ options, setUp }) => `  with ${options}: ${setUpWords(setUp)}`),
  ];
}

function floorWords({ limits }: PlanQuestion): string {
  const parts = Object.entries(limits.floor).flatMap(([skill, least]) =>
    least === null ? [] : [`${skill} ${least}`],
  );
  return parts.length === 0 ? 'any' : parts.join(', ');
}

function detailLines(question: PlanQuestion, setUp: SetUp, file: string): readonly string[] {
  const settings = JSON.stringify(settingsFor(question, setUp), null, 2).split('\n');
  return [
    ...workingOf(question, setUp).map(({ what, working }) => `  ${what}: ${working}`),
    `  settings (nearfar plan --apply writes them to ${file}):`,
    ...settings.map((line) => `    ${line}`),
    '  commands:',
    ...commandsFor(question, setUp, file).map((line) => `    ${line}`),
  ];
}

function shortLines(setUp: SetUp): readonly string[] {
  return [
    `  quality ${setUp.quality.toFixed(1)} of 100, whole answer ${(setUp.answerMs / 1000).toFixed(1)} s` +
      `${setUp.machineCount === 0 ? '' : `, ${setUp.machineCount} machine${setUp.machineCount === 1 ? '' : 's'} ${Math.round(100 * setUp.utilisation)}% busy`}; --json has its working`,
  ];
}

function jsonOf(question: PlanQuestion, found: Recommendation, file: string): object {
  const { goal, traffic, canWait, tasks, privacy, limits, offers } = question;
  return {
    basis: 'estimated',
    tablesOf: catalogueDate,
    question: {
      ...{ goal, traffic, canWait, tasks, privacy, limits },
      hardware: offers.map(({ device, terms, countLimit, price }) => ({
        device: device.name,
        terms,
        count: Number.isFinite(countLimit) ? countLimit : null,
        price,
      })),
    },
    consideredCount: found.consideredCount,
    possibleCount: found.possibleCount,
    leftOut: found.leftOut,
    ...(found.setUps.length > 0
      ? {}
      : {
          possibleWith: relaxations(question).map(({ options, setUp }) => ({
            options,
            summary: setUpWords(setUp),
          })),
        }),
    setUps: found.setUps.map((setUp) => ({
      ...flat(setUp),
      working: workingOf(question, setUp),
      settings: settingsFor(question, setUp),
      commands: commandsFor(question, setUp, file),
    })),
  };
}

function flat(setUp: SetUp): object {
  const { near, far } = setUp;
  return {
    summary: setUpWords(setUp),
    near:
      near === null
        ? null
        : {
            engine: near.engine.name,
            model: near.model.name,
            format: near.format.name,
            device: near.offer.device.name,
            devices: near.splitCount,
            batchSize: near.batchSize,
            memory: near.memory,
            requestsPerSecond: near.requestsPerSecond,
            boundBy: near.boundBy,
          },
    far: far === null ? null : { model: far.api.id, isCached: far.isCached, isBatch: far.isBatch },
    farTasks: setUp.farTasks,
    nearShare: setUp.nearShare,
    machineCount: setUp.machineCount,
    utilisation: setUp.utilisation,
    quality: setUp.quality,
    qualityByTask: setUp.qualityByTask,
    firstTokenMs: setUp.firstTokenMs,
    interTokenMs: setUp.interTokenMs,
    answerMs: setUp.answerMs,
    usdPerMonth: setUp.cost.usd,
    costParts: setUp.cost.parts,
  };
}

import { open, writeFile } from 'node:fs/promises';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { evaluationItems, itemsVersion } from '../evaluate/evaluation-items.ts';
import { accuracies, chosenItems, evaluate, type ItemResult } from '../evaluate/evaluate.ts';
import { keepEvaluation, readEvaluations, unfinishedRun } from '../evaluate/evaluation-files.ts';
import type { EvaluatedTask, EvaluationItem } from '../evaluate/item.ts';
import { taskTypes } from '../route/task/task-type.ts';
import { createAskItem } from './ask-item.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { evaluationLines, evaluationsLines } from './evaluation-text.ts';
import { createFractionPrinter } from './fraction-printer.ts';
import { meansNear } from './gateway-connection.ts';
import { modelUse, noTemplateNote } from './model-use.ts';
import { openStore } from './open-store.ts';
import { openOfflineGateway, type OfflineGateway } from './offline-gateway.ts';
import { commandSettings } from './settings.ts';
import { nearfarVersion } from './version.ts';

const evaluatedTasks = taskTypes.filter((task): task is EvaluatedTask => task !== 'other');

export const evalModel: Command = {
  name: 'eval',
  usage: '[options] [MODEL]',
  description: [
    'Asks a model about 240 items of the six kinds of task that routing knows, and checks the answers by programs:',
    'so that "a small model is enough for this" is measured and not assumed. MODEL is near, far, the id of a model',
    'of this machine or UPSTREAM/NAME; what is asked of an upstream costs what it charges. Without MODEL, shows what',
    'was measured before. Creative tasks are checked by their form only: words, lines, what must be in them; whether a text',
    'is good no program says.',
    'With --judge asks it instead which of two answers is right, of pairs of which a program knows that, in both orders: how far',
    'it can be trusted as the judge of shadow and of calibrate --from-ledger.',
    'A run that was broken off goes on where it stopped. Ends with 0 when all was asked, 130 after Ctrl-C.',
  ].join('\n'),
  options: {
    tasks: {
      type: 'string',
      placeholder: 'A,B',
      description: `Only these: ${evaluatedTasks.join(', ')}`,
    },
    limit: { type: 'string', placeholder: 'N', description: 'The first N items of each task' },
    restart: { type: 'boolean', description: 'Throw away what a run that was broken off has measured' },
    out: {
      type: 'string',
      placeholder: 'FILE',
      description: 'Write the answers too: {"id", "task", "prompt", "answer", "right"} a line',
    },
    judge: { type: 'boolean', description: 'Measure how often it agrees with the truth as a judge' },
    answers: {
      type: 'string',
      placeholder: 'A,B',
      description: 'With --judge: pairs of two files of --out in place of those that are written for it',
    },
    ...jsonOption,
  },
  examples: [
    'nearfar eval near',
    'nearfar eval near --judge',
    'nearfar eval far --tasks reasoning,code',
    'nearfar eval openai/gpt-5.4-mini --limit 10',
    'nearfar eval',
  ],
  run: async (input) => {
    const [modelName, ...more] = input.words;
    if (more.length > 0) throw new UsageError(`expected one MODEL, got ${more.length + 1}`);
    const loaded = await commandSettings(input.options);
    const isJudge = checkedJudge(input.options);
    if (modelName === undefined) {
      requireNoRun(input.options);
      return showKept(input, loaded.home);
    }
    const tasks = readTasks(input.options.text('tasks'));
    const limit = input.options.number('limit', { min: 1, max: 1000 }) ?? Infinity;
    const items = chosenItems(evaluationItems, tasks, limit);
    const out = input.options.text('out');
    if (out !== undefined) await requireWritable(out);
    const interrupt = new AbortController();
    listen(interrupt);
    if (await meansNear(loaded, modelName)) {
      const { prepareModel } = await import('./first-start.ts');
      await prepareModel(loaded, process.stderr, interrupt.signal);
    }
    const gateway = await openOfflineGateway(ofNobody(loaded), {
      batching: 'continuous',
      batchSize: atOnceHere,
      atOnce: atOnceHere,
    });
    try {
      const modelId = await gateway.resolve(modelName);
      const { home } = loaded;
      const { signal } = interrupt;
      const atOnce = (await isHere(loaded, modelId)) ? atOnceHere : atOnceElsewhere;
      if (!isJudge) return await run(input, { home, modelId, items, gateway, atOnce, signal });
      const { evaluateJudge } = await import('./eval-judge.ts');
      const { answer } = gateway;
      return await evaluateJudge(input, {
        ...{ home, modelId, modelName, answer, atOnce, signal },
        choose: (pairs) => chosenItems(pairs, tasks, limit),
      });
    } finally {
      await gateway.close();
    }
  },
};

/**
 * The items are ours and about nobody, though some look as if they were ("Call Nina at 555-0142"): detectors would keep those from a
 * model elsewhere. What the owner says of every request (`privacy.floor`) holds all the same.
 */
function ofNobody(loaded: LoadedSettings): LoadedSettings {
  const { settings } = loaded;
  return { ...loaded, settings: { ...settings, privacy: { ...settings.privacy, detect: 'off' } } };
}

/** Says so of one that was not made to answer. @returns whether it is of this machine */
async function isHere(loaded: LoadedSettings, modelId: string): Promise<boolean> {
  const found = await (await openStore(loaded, () => undefined)).find(modelId);
  if (found !== null && (await modelUse(found.path)) === 'text')
    process.stderr.write(`${modelId}: ${noTemplateNote}\n`);
  return found !== null;
}

/** @throws UsageError where options do not go together */
function checkedJudge(options: CommandInput['options']): boolean {
  const isJudge = options.flag('judge');
  if (!isJudge && options.text('answers') !== undefined)
    throw new UsageError('--answers: expected --judge too');
  if (isJudge && options.text('out') !== undefined)
    throw new UsageError('--judge: expected no --out with it');
  return isJudge;
}

/** @throws UsageError where an option wants a model to be asked, and none is named */
function requireNoRun(options: CommandInput['options']): void {
  const asking = ['judge', 'restart'].find((name) => options.flag(name));
  const given =
    asking ?? ['out', 'answers', 'tasks', 'limit'].find((name) => options.text(name) !== undefined);
  if (given !== undefined) throw new UsageError(`--${given}: expected MODEL too`);
}

/** Before answers are asked for that may cost money. @throws UsageError */
async function requireWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UsageError(`--out: ${file} cannot be written: ${reason}`);
  }
}

/** Answers are computed together, which costs little more than one by itself. */
const atOnceHere = 16;
/** Few: an upstream's rate limits. */
const atOnceElsewhere = 4;

interface Run {
  readonly home: string;
  readonly modelId: string;
  readonly items: readonly EvaluationItem[];
  readonly gateway: Pick<OfflineGateway, 'answer'>;
  /** Items asked at the same time. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
}

async function run(
  input: CommandInput,
  { home, modelId, items, gateway, atOnce, signal }: Run,
): Promise<number> {
  const out = input.options.text('out');
  const unfinished = unfinishedRun(home, modelId, itemsVersion);
  if (input.options.flag('restart')) await unfinished.discard();
  const wanted = new Set(items.map(({ id }) => id));
  const known = (await unfinished.known()).filter(({ id }) => wanted.has(id));
  if (known.length > 0)
    process.stderr.write(`${known.length} of ${items.length} items are answered already.\n`);
  const printer = createFractionPrinter(modelId, process.stderr);
  let doneCount = known.length;
  const results = await evaluate({
    items,
    known,
    atOnce,
    signal,
    ask: createAskItem(gateway.answer, modelId),
    keep: async (result) => {
      await unfinished.keep(result);
      doneCount += 1;
      printer.update(doneCount / items.length);
    },
  });
  printer.end();
  if (signal.aborted) {
    process.stderr.write(
      `${results.length} of ${items.length} items are measured; the same command goes on.\n`,
    );
    return 130;
  }
  const date = new Date().toISOString();
  const { file, evaluation } = await keepEvaluation(home, {
    modelId,
    date,
    nearfarVersion: nearfarVersion(),
    itemsVersion,
    isPartial: items.length < evaluationItems.length,
    tasks: accuracies(results).map((one) => ({ ...one, date })),
  });
  await unfinished.discard();
  if (out !== undefined) await writeAnswers(out, items, results);
  const sum = (count: (result: (typeof results)[number]) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const tokens = {
    promptTokenCount: sum(({ promptTokenCount }) => promptTokenCount),
    completionTokenCount: sum(({ completionTokenCount }) => completionTokenCount),
  };
  process.stdout.write(
    input.options.flag('json')
      ? `${JSON.stringify({ ...evaluation, ...tokens, file }, null, 2)}\n`
      : `${evaluationLines(evaluation, tokens, file).join('\n')}\n`,
  );
  return 0;
}

async function writeAnswers(
  file: string,
  items: readonly EvaluationItem[],
  results: readonly ItemResult[],
): Promise<void> {
  const prompts = new Map(items.map(({ id, prompt }) => [id, prompt]));
  const lines = results.map(({ id, task, answer, isRight }) =>
    JSON.stringify({ id, task, prompt: prompts.get(id), answer, right: isRight }),
  );
  await writeFile(file, `${lines.join('\n')}\n`);
}

async function showKept(input: CommandInput, home: string): Promise<number> {
  const evaluations = await readEvaluations(home);
  process.stdout.write(
    input.options.flag('json')
      ? `${JSON.stringify(evaluations, null, 2)}\n`
      : `${evaluationsLines(evaluations, itemsVersion).join('\n')}\n`,
  );
  return 0;
}

function readTasks(text: string | undefined): readonly EvaluatedTask[] {
  if (text === undefined) return evaluatedTasks;
  return text.split(',').map((name) => {
    const task = evaluatedTasks.find((one) => one === name.trim());
    if (task === undefined)
      throw new UsageError(
        `--tasks: expected some of ${evaluatedTasks.join(', ')}, got ${JSON.stringify(name)}`,
      );
    return task;
  });
}

/** The first Ctrl-C ends the run in order; the second ends the process. */
function listen(interrupt: AbortController): void {
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

import { readFile } from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';
import { answerStream, openAnswerFile, type AnswerSink } from '../batch/answer-file.ts';
import { answerLines, type LineCounts } from '../batch/answer-lines.ts';
import { answerRow } from '../batch/answer-row.ts';
import type { LineOptions } from '../batch/line-options.ts';
import { readLines } from '../batch/read-lines.ts';
import type { LoadedSettings } from '../config/load.ts';
import { holdOutput, openLines, requireOther } from './answers-out.ts';
import { createBatchProgressPrinter, formatDuration } from './batch-progress.ts';
import { UsageError, type CommandInput } from './command.ts';
import type { FileOptions } from './file-options.ts';
import { isNearfar, meansNear } from './gateway-connection.ts';
import { gatewayUrl } from './gateway-url.ts';
import { openOfflineGateway, type OfflineGateway } from './offline-gateway.ts';
import { checkLines, refuse, resolveModels, type ReadyLine } from './ready-lines.ts';
import { commandSettings } from './settings.ts';
import { readTalkOptions } from './talk-options.ts';

/** `run --file`. Returns the exit code. */
export async function runFile(input: CommandInput, file: FileOptions): Promise<number> {
  const lineOptions = readLineOptions(input);
  const loaded = await commandSettings(input.options);
  const bytes = file.file === '-' ? await readInput() : await readFileOf(file.file);
  const { lines, problems } = readLines(bytes);
  refuse(file.file, problems);
  if (lines.length === 0) throw new UsageError(`${file.file}: expected prompts, one a line; there are none`);
  if (file.out !== '-') requireOther(file);
  const checked = checkLines(file.file, lines, lineOptions);

  const interrupt = new AbortController();
  listen(interrupt);
  const lock = file.out === '-' ? null : await holdOutput(file.out, loaded.home);
  try {
    const names = new Set(checked.map(({ modelName }) => modelName));
    for (const name of names) if (await meansNear(loaded, name)) await pullNear(loaded, interrupt.signal);
    await makeWayForGateway(loaded);
    const { batching, batchSize } = file;
    const atOnce = 2 * batchSize;
    const gateway = await openOfflineGateway(loaded, { batching, batchSize, atOnce });
    try {
      const ready = await resolveModels(file.file, checked, gateway);
      return await answerAll(ready, file, gateway, {
        atOnce,
        signal: interrupt.signal,
        asJson: input.options.flag('json'),
      });
    } finally {
      await gateway.close();
    }
  } finally {
    lock?.release();
  }
}

function readLineOptions(input: CommandInput): LineOptions {
  return { ...readTalkOptions(input.options), model: input.options.text('model') };
}

async function readFileOf(name: string): Promise<Uint8Array> {
  try {
    return await readFile(name);
  } catch (thrown) {
    throw new UsageError(`--file: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
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

async function pullNear(loaded: LoadedSettings, signal: AbortSignal): Promise<void> {
  const { prepareModel } = await import('./first-start.ts');
  await prepareModel(loaded, process.stderr, signal);
}

/** Whoever serves people on this machine goes first on its cores; the engine's process takes over the standing of this one. */
async function makeWayForGateway({ settings }: LoadedSettings): Promise<void> {
  const url = gatewayUrl(settings.host, settings.port);
  if (settings.port === 0 || !(await isNearfar(url))) return;
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  process.stderr.write(`A gateway is running at ${url}; this run leaves it the cores it needs.\n`);
}

interface RunOptions {
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly asJson: boolean;
}

async function answerAll(
  ready: readonly ReadyLine[],
  file: FileOptions,
  gateway: OfflineGateway,
  { atOnce, signal, asJson }: RunOptions,
): Promise<number> {
  const open = file.out === '-' ? ready : await openLines(ready, file);
  const keptCount = ready.length - open.length;
  const printer = createBatchProgressPrinter(process.stderr);
  if (keptCount > 0) printer.note(`${keptCount} of ${ready.length} lines are answered already.`);
  const startedAt = performance.now();
  const total = { doneCount: 0, failedCount: 0, promptTokenCount: 0, completionTokenCount: 0 };
  const add = (counts: LineCounts): LineCounts => ({
    doneCount: total.doneCount + counts.doneCount,
    failedCount: total.failedCount + counts.failedCount,
    promptTokenCount: total.promptTokenCount + counts.promptTokenCount,
    completionTokenCount: total.completionTokenCount + counts.completionTokenCount,
  });
  let answeringMs = 0;
  if (open.length > 0) {
    const sink: AnswerSink = file.out === '-' ? answerStream(process.stdout) : await openOut(file.out);
    try {
      // Model by model, so that each is loaded once.
      for (const [modelId, lines] of byModel(open)) {
        if (signal.aborted) break;
        const planned = lines.flatMap(({ prompts }) => prompts);
        const loadedAs = await unlessAborted(gateway.load(modelId, planned, signal), signal);
        if (loadedAs === null) break;
        printer.note(loadedAs);
        const from = performance.now();
        const counts = await answerLines({
          lines,
          atOnce,
          signal,
          ask: ({ line, body }, askSignal) => gateway.ask(line.path, body, askSignal),
          keep: ({ line, digest }, outcome) => sink.append(answerRow(line, outcome, digest)),
          onProgress: (now) => {
            const elapsedMs = answeringMs + performance.now() - from;
            printer.update({ ...add(now), totalCount: open.length, keptCount, elapsedMs });
          },
        });
        Object.assign(total, add(counts));
        answeringMs += performance.now() - from;
      }
    } finally {
      printer.end();
      await sink.close();
    }
  }
  const left = open.length - total.doneCount;
  const summary = {
    lines: ready.length,
    answered_before: keptCount,
    answered: total.doneCount - total.failedCount,
    failed: total.failedCount,
    left,
    seconds: Math.round((performance.now() - startedAt) / 10) / 100,
    answering_seconds: Math.round(answeringMs / 10) / 100,
    prompt_tokens: total.promptTokenCount,
    completion_tokens: total.completionTokenCount,
  };
  if (asJson) process.stdout.write(`${JSON.stringify(summary)}\n`);
  printer.note(sentenceOf(summary, file));
  if (signal.aborted && left > 0) return 130;
  return total.failedCount > 0 ? 1 : 0;
}

/** @throws UsageError with the system's own words */
async function openOut(out: string): Promise<AnswerSink> {
  try {
    return await openAnswerFile(out);
  } catch (thrown) {
    throw new UsageError(`--out: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** `null` as soon as the signal says so, whatever comes of the work. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => {
      resolve(null);
    });
  });
  return Promise.race([
    aborted,
    work.catch((thrown: unknown) => {
      if (signal.aborted) return null;
      throw thrown;
    }),
  ]);
}

function sentenceOf(
  summary: {
    readonly answered: number;
    readonly failed: number;
    readonly left: number;
    readonly answering_seconds: number;
    readonly completion_tokens: number;
  },
  { out }: FileOptions,
): string {
  const { answered, failed, left, answering_seconds: seconds, completion_tokens: tokenCount } = summary;
  const speed = seconds > 0 ? `, ${Math.round(tokenCount / seconds)} tokens/s` : '';
  const again = out === '-' ? '' : '; the same command goes on from here';
  return [
    `${answered} answered in ${formatDuration(seconds * 1000)}${speed}`,
    ...(failed > 0 ? [`${failed} failed${left > 0 ? '' : again}`] : []),
    ...(left > 0 ? [`${left} left${again}`] : []),
  ].join(', ');
}

function byModel(lines: readonly ReadyLine[]): ReadonlyMap<string, readonly ReadyLine[]> {
  return Map.groupBy(lines, ({ modelId }) => modelId);
}

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { z } from 'zod';
import type { Answer } from '../answer/answer.ts';
import { NearfarError } from '../chat/error.ts';
import { evaluationItems } from '../evaluate/evaluation-items.ts';
import { keepJudgeEvaluation, unfinishedJudging, type PairsOrigin } from '../evaluate/judge-files.ts';
import { pairsVersion, writtenPairs, type JudgePair } from '../evaluate/judge-pairs.ts';
import { judgeReliability, type PairResult } from '../evaluate/judge-reliability.ts';
import { measureAll } from '../evaluate/measure-all.ts';
import { createRequestId } from '../http/request-id.ts';
import { createAskModel } from '../quality/ask-model.ts';
import { createModelJudge } from '../quality/model-judge.ts';
import { UsageError, type CommandInput } from './command.ts';
import { evaluatingName } from './evaluating-name.ts';
import { createFractionPrinter } from './fraction-printer.ts';
import { judgeJson, judgeLines } from './judge-text.ts';
import { nearfarVersion } from './version.ts';

export interface JudgeRun {
  readonly home: string;
  readonly modelId: string;
  readonly modelName: string;
  readonly answer: Answer;
  readonly atOnce: number;
  /** Those of the tasks that were asked for. */
  readonly choose: (pairs: readonly JudgePair[]) => readonly JudgePair[];
  readonly signal: AbortSignal;
}

/** One line of `nearfar eval MODEL --out FILE`. */
const answerLine = z.object({ id: z.string(), answer: z.string(), right: z.boolean() });

/** Pairs of two models' answers to one item, of which exactly one is right. @throws UsageError naming file and line */
export async function answeredPairs(files: readonly string[]): Promise<readonly JudgePair[]> {
  if (files.length !== 2) throw new UsageError('--answers: expected two files, A.jsonl,B.jsonl');
  const [one, other] = await Promise.all(files.map(readAnswers));
  const items = new Map(evaluationItems.map((item) => [item.id, item]));
  const pairs = [...(one ?? [])].flatMap(([id, first]): JudgePair[] => {
    const second = other?.get(id);
    const item = items.get(id);
    if (second === undefined || item === undefined || first.right === second.right) return [];
    // Form is not quality, and an empty answer needs no judge.
    if (item.check.type === 'form' || first.answer.trim() === '' || second.answer.trim() === '') return [];
    const [right, wrong] = first.right ? [first, second] : [second, first];
    return [{ id, task: item.task, prompt: item.prompt, right: right.answer, wrong: wrong.answer }];
  });
  if (pairs.length === 0)
    throw new UsageError('--answers: in no item is one of the two answers right and the other wrong');
  return pairs;
}

async function readAnswers(file: string): Promise<ReadonlyMap<string, z.infer<typeof answerLine>>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`--answers: ${file} cannot be read (${String(cause)})`);
  });
  const found = new Map<string, z.infer<typeof answerLine>>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = answerLine.safeParse(jsonOf(line));
    if (!parsed.success)
      throw new UsageError(
        `--answers: ${file}:${index + 1}: expected {"id", "answer", "right"}, as nearfar eval MODEL --out FILE writes them`,
      );
    found.set(parsed.data.id, parsed.data);
  }
  return found;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Measures how often a judge agrees with the truth. @returns the exit code */
export async function evaluateJudge(input: CommandInput, run: JudgeRun): Promise<number> {
  const { home, modelId, modelName, answer, atOnce, choose, signal } = run;
  const files = input.options.text('answers')?.split(',') ?? null;
  const origin: PairsOrigin = files === null ? 'written' : 'answers';
  const pairs = choose(files === null ? writtenPairs : await answeredPairs(files));
  if (pairs.length === 0) throw new UsageError('--judge: of these tasks there are no pairs');
  const version = pairsVersion(pairs);
  const unfinished = unfinishedJudging(home, modelId, version);
  if (input.options.flag('restart')) await unfinished.discard();
  const known = await unfinished.known();
  if (known.length > 0)
    process.stderr.write(`${known.length} of ${pairs.length} pairs are judged already.\n`);
  const ask = createAskModel({
    answer,
    budget: { keyName: evaluatingName, dayMicros: null, monthMicros: null },
    createId: () => createRequestId(Date.now()),
  });
  const judge = createModelJudge(ask, modelName);
  const printer = createFractionPrinter(`${modelId} as a judge`, process.stderr);
  let doneCount = known.length;
  const results = await measureAll<JudgePair, PairResult>({
    items: pairs,
    known,
    atOnce,
    signal,
    measure: async ({ id, task, prompt, right, wrong }, askSignal) => {
      const question = { messages: [{ role: 'user', content: prompt }] } as const;
      const compared = await judge
        .compare(question, right, wrong, { tenant: evaluatingName, signal: askSignal })
        .catch((thrown: unknown) => {
          throw thrown instanceof NearfarError
            ? new NearfarError(thrown.kind, `${id}: ${thrown.message}`, { cause: thrown })
            : thrown;
        });
      return { id, task, verdicts: compared?.verdicts ?? null, outcome: compared?.outcome ?? null };
    },
    keep: async (result) => {
      await unfinished.keep(result);
      doneCount += 1;
      printer.update(doneCount / pairs.length);
    },
  });
  printer.end();
  if (signal.aborted) {
    process.stderr.write(
      `${results.length} of ${pairs.length} pairs are judged; the same command goes on.\n`,
    );
    return 130;
  }
  const evaluation = {
    modelId,
    modelName,
    date: new Date().toISOString(),
    nearfarVersion: nearfarVersion(),
    pairsVersion: version,
    pairs: origin,
    results,
  };
  const file = await keepJudgeEvaluation(home, evaluation);
  await unfinished.discard();
  const reliability = judgeReliability(results);
  process.stdout.write(
    input.options.flag('json')
      ? `${JSON.stringify({ ...judgeJson(evaluation, reliability), file }, null, 2)}\n`
      : `${judgeLines(evaluation, reliability, file).join('\n')}\n`,
  );
  return 0;
}

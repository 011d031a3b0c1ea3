import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import { alternating, type Benchmark, type Side } from './benchmark.ts';
import { benchSchemas, type BenchSchema } from './schemas.ts';
import { record } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import { readTranscript, type Transcript } from './transcript.ts';

const longestTokenCount = 512;
const widths = [1, 8] as const;
/** Rounds over all schemas at each width: 30 x (2 + 8) = 300 constrained answers. */
const roundCounts: Readonly<Record<number, number>> = { 1: 2, 8: 8 };

interface Answer {
  readonly schema: BenchSchema;
  readonly transcript: Transcript;
}

/** One pass over all schemas, `width` at a time. */
interface Round {
  readonly answers: readonly Answer[];
  /** Completion tokens of all answers over the time of the round. */
  readonly speed: number;
}

/**
 * Answers that must fit a schema, at temperature 1: are they all valid, and what does the constraint cost? The free
 * answers they are compared with have the same prompts and, one by one, the same numbers of tokens.
 */
export const schema: Benchmark = async (setup) => {
  const validators = createValidators();
  const side = await setup.nearfar.start();
  try {
    const lengths = new Map<string, number>();
    const failures: string[] = [];
    const speeds = new Map<string, number[]>();
    let validCount = 0;
    let count = 0;
    const rows = [];
    const ratios: Record<string, number> = {};
    setup.progress('warming up');
    await runRound(side, 8, null, lengths);
    for (const width of widths) {
      const roundCount = setup.quick ? 1 : (setup.repeatCount ?? roundCounts[width] ?? 1);
      const tokenCounts: number[] = [];
      for (const [kind, repeat] of alternating(['constrained', 'free'] as const, roundCount)) {
        setup.progress(`${width} at a time, round ${repeat + 1} of ${roundCount}: ${kind}`);
        const round = await runRound(side, width, kind === 'free' ? lengths : null, lengths);
        const key = `${kind} ${width}`;
        speeds.set(key, [...(speeds.get(key) ?? []), round.speed]);
        if (kind === 'free') continue;
        for (const answer of round.answers) {
          count += 1;
          tokenCounts.push(answer.transcript.completionTokenCount ?? 0);
          const problem = problemOf(answer, validators);
          if (problem === null) validCount += 1;
          else failures.push(`${answer.schema.name}: ${problem}`);
        }
      }
      const [bound, free] = [speeds.get(`constrained ${width}`) ?? [], speeds.get(`free ${width}`) ?? []];
      ratios[String(width)] = rounded(median(bound) / median(free));
      for (const [label, values] of [
        ['constrained', bound],
        ['free', free],
      ] as const) {
        const { median: middle, min, max } = summarize(values);
        rows.push({
          label: `${label}, ${width} at a time`,
          cells: {
            'tokens/s': rounded(middle),
            min: rounded(min),
            max: rounded(max),
            'tokens an answer (median)': median(tokenCounts),
          },
        });
      }
    }
    const valid = validCount / count;
    return {
      figures: { valid: rounded(valid), ratio: ratios },
      targets: [
        { key: 'valid', value: valid, atLeast: 1 },
        ...widths.map((width) => ({
          key: `ratio at ${width}`,
          value: ratios[String(width)] ?? 0,
          atLeast: 0.75,
        })),
      ],
      rows,
      notes: [
        `${count} constrained answers over ${benchSchemas.length} schemas (bench/schemas.ts), temperature 1, ` +
          `at most ${longestTokenCount} tokens; each parsed and validated with ajv, formats included.`,
        'Each free answer has the prompt and the number of tokens of a constrained one; rounds alternate. Speed is ' +
          'all tokens of a round over its time, prompts included.',
        failures.length === 0 ? 'None failed.' : `Failed: ${failures.slice(0, 10).join('; ')}`,
      ],
    };
  } finally {
    await side.stop();
  }
};

/** @param free lengths of free answers; `null` asks for constrained ones, whose lengths are noted in `lengths` */
async function runRound(
  side: Side,
  width: number,
  free: ReadonlyMap<string, number> | null,
  lengths: Map<string, number>,
): Promise<Round> {
  const waiting = [...benchSchemas];
  const answers: Answer[] = [];
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const transcript = await answerOf(side, next, free?.get(next.name) ?? null);
      answers.push({ schema: next, transcript });
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  const tokenCount = answers.reduce((sum, { transcript }) => sum + (transcript.completionTokenCount ?? 0), 0);
  if (free === null) {
    for (const { schema: own, transcript } of answers) {
      lengths.set(own.name, transcript.completionTokenCount ?? longestTokenCount);
    }
  }
  return { answers, speed: tokenCount / seconds };
}

/** @param freeTokenCount `null` = constrained */
async function answerOf(side: Side, own: BenchSchema, freeTokenCount: number | null): Promise<Transcript> {
  const constraint = {
    ignore_eos: false,
    response_format: {
      type: 'json_schema',
      json_schema: { name: own.name, schema: own.schema, strict: true },
    },
  };
  const recording = await record(side, {
    system: null,
    user: `${own.prompt} Answer in JSON.`,
    outputTokenCount: freeTokenCount ?? longestTokenCount,
    fields: { temperature: 1, ...(freeTokenCount === null ? constraint : {}) },
  });
  return readTranscript(recording);
}

function createValidators(): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false });
  formatsPlugin.default(ajv);
  return new Map(benchSchemas.map((own) => [own.name, ajv.compile(own.schema)]));
}

/** Why an answer is no valid one; `null` where it is. */
function problemOf(
  { schema: own, transcript }: Answer,
  validators: ReadonlyMap<string, ValidateFunction>,
): string | null {
  if (transcript.finishReason !== 'stop') return `ended by ${transcript.finishReason ?? 'nothing'}`;
  let value: unknown;
  try {
    value = JSON.parse(transcript.text);
  } catch {
    return `is no JSON: ${transcript.text.slice(0, 200)}`;
  }
  const validate = validators.get(own.name);
  if (validate?.(value) === true) return null;
  const [error] = validate?.errors ?? [];
  return `${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}: ${transcript.text.slice(0, 200)}`;
}

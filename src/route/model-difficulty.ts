import type { ChatModel } from '../chat/model.ts';
import type { TokenLogprob } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';

/** How hard a prompt is, 0 (anyone can) to 1, and who says so. */
export interface DifficultyReading {
  readonly value: number;
  readonly source: string;
}

/** @param tenant prefixes of prompts are shared only within one */
export type ReadDifficulty = (text: string, tenant: string) => DifficultyReading | Promise<DifficultyReading>;

export interface ModelDifficultyOptions {
  readonly modelId: string;
  /** A model of this machine; loads nothing yet. */
  readonly model: () => Promise<Pick<ChatModel, 'stream'>>;
  /** What is said where the model says nothing in time. */
  readonly otherwise: (text: string) => DifficultyReading;
  readonly warn: (message: string, cause: unknown) => void;
  /** How long a prompt waits for it, in milliseconds. @default 3000 */
  readonly patienceMs?: number;
}

const question =
  'Rate how hard the request of the user is for a small language model, as one digit: 0 is trivial, 9 needs an expert or ' +
  'many steps of reasoning. Do not answer the request. Reply with the digit only.';
/** Longer prompts are judged by their beginning. */
const readCharacters = 4_000;
const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/**
 * Difficulty by a chat model of this machine that is asked for a digit, held to one by a schema: the mean of the digits
 * under the odds that it gives them, so that all values between are taken. Its weights stay in memory.
 */
export function createModelDifficulty(options: ModelDifficultyOptions): ReadDifficulty {
  const { modelId, model, otherwise, warn, patienceMs = 3_000 } = options;
  let count = 0;

  async function ask(text: string, tenant: string): Promise<number> {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      abort.abort(new Error(`no digit after ${String(patienceMs)} ms`));
    }, patienceMs);
    try {
      const late = new Promise<never>((_, reject) => {
        abort.signal.addEventListener('abort', () => {
          reject(abort.signal.reason as Error);
        });
      });
      const reading = read(text, tenant, abort.signal);
      reading.catch(() => undefined);
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  async function read(text: string, tenant: string, signal: AbortSignal): Promise<number> {
    const opened = await model();
    let said = '';
    let first: TokenLogprob | null = null;
    for await (const part of opened.stream(digitRequest(text, tenant, modelId, count++), signal)) {
      if (part.type === 'error') throw part.error;
      if (part.type !== 'text-delta') continue;
      said += part.text;
      first ??= part.logprobs?.[0] ?? null;
    }
    return digitOf(said, first);
  }

  return async (text, tenant) => {
    try {
      return { value: await ask(text, tenant), source: `by ${modelId}` };
    } catch (thrown) {
      warn(`${modelId} did not tell how hard a prompt is; it was told otherwise.`, thrown);
      return otherwise(text);
    }
  };
}

function digitRequest(text: string, tenant: string, modelId: string, number: number): ChatRequest {
  return {
    id: `difficulty-${String(number)}`,
    dialect: 'internal',
    requestedModel: modelId,
    input: {
      kind: 'chat',
      messages: [
        { role: 'system', content: question },
        { role: 'user', content: text.slice(0, readCharacters) },
      ],
      reasoning: { isWanted: false, field: 'route.classifier' },
    },
    sampling: { ...neutralSampling, temperature: 0 },
    stop: [],
    maxTokenCount: 2,
    choiceCount: 1,
    topLogprobCount: 20,
    isStreamed: false,
    // Whatever the prompt is: it stays on this machine, and out of every cache on disk.
    privacy: 'local_only',
    tenant,
    priority: 'interactive',
    answerCache: 'off',
    deadlineAt: null,
    outputFormat: {
      type: 'json_schema',
      schema: { enum: digits.map(Number) },
      name: null,
      strict: true,
      field: 'route.classifier',
    },
    ignoreEndOfGeneration: false,
    keepAliveSeconds: -1,
  };
}

/** @throws TypeError where it is no digit */
function digitOf(said: string, first: TokenLogprob | null): number {
  let mass = 0;
  let sum = 0;
  for (const { bytes, logprob } of first?.top ?? []) {
    const digit = digits.findIndex((one) => one === Buffer.from(bytes).toString().trim());
    if (digit < 0) continue;
    mass += Math.exp(logprob);
    sum += digit * Math.exp(logprob);
  }
  if (mass > 0) return sum / mass / 9;
  const drawn = /\d/.exec(said)?.[0];
  if (drawn === undefined) throw new TypeError('The model said no digit.');
  return Number(drawn) / 9;
}

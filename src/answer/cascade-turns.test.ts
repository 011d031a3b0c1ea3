import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localCaller } from '../access/create-access.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createLabel } from '../privacy/label.ts';
import { defaultCascadeRules, type CascadeRules } from '../route/cascade/judge.ts';
import { asAsked } from '../route/cascade/own-logprobs.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import type { TierDecision } from '../route/route-facts.ts';
import { createAnswer } from './create-answer.ts';
import { endPart, facts, finishPart, requestOf, scriptedModel, startPart, type Step } from './fakes.ts';
import { createPartCheck } from './protocol.ts';

/** A piece of the near model's text, with the log-probabilities of its tokens. */
function nearText(text: string, ...logprobs: readonly number[]): ChatPart {
  return {
    type: 'text-delta',
    choice: 0,
    text,
    logprobs: logprobs.map((logprob) => ({
      token: 1,
      bytes: [],
      logprob,
      top: [{ token: 1, bytes: [], logprob }],
    })),
  };
}

/** A near model gives log-probabilities to who asks for them, as the engine does. */
function nearModel(steps: readonly Step[]): ChatModel {
  const model = scriptedModel(steps);
  return {
    ...model,
    async *stream(request, signal) {
      for await (const part of model.stream(request, signal)) yield* asAsked(request.topLogprobCount)(part);
    },
  };
}

const farStart: ChatPart = { ...startPart, type: 'start', model: 'far' } as ChatPart;
const farParts: readonly Step[] = [
  farStart,
  { type: 'text-delta', choice: 0, text: 'FAR' },
  endPart(),
  finishPart,
];

function decisionOf(cascade: boolean): RouteDecision {
  const cost = { micros: null, basis: 'a test' };
  const routed: TierDecision = {
    type: 'chosen',
    tier: 'near',
    modelId: 'tiny',
    fallbackIds: ['far'],
    policy: 'classifier',
    difficulty: 0.1,
    task: 'simple_qa',
    label: 'open',
    reasons: [],
    cost,
    alternatives: [{ tier: 'far', modelId: 'far', whyNot: 'easy', isCandidate: true, cost }],
    cascade,
  };
  return { modelId: 'tiny', fallbackIds: ['far'], reasons: ['by a test'], routed };
}

interface Setup {
  readonly near: ChatModel;
  readonly far?: ChatModel;
  readonly rules?: Partial<CascadeRules>;
  readonly cascade?: boolean;
}

function pipeline({ near, far = scriptedModel(farParts), rules = {}, cascade = true }: Setup) {
  const rows: LedgerRow[] = [];
  const answer = createAnswer({
    label: createLabel({ floor: 'open' }),
    route: { decide: async () => decisionOf(cascade) },
    models: { model: async (id) => (id === 'tiny' ? near : { ...far, facts: { ...facts, id } }) },
    cache: null,
    settle: (row) => rows.push(row),
    cascade: { ...defaultCascadeRules, tokenCount: 3, leastMeanLogprob: -1, holdMs: 10_000, ...rules },
    graceMs: 5,
  });
  const ask = async (changes: Partial<ChatRequest> = {}) => {
    const parts: ChatPart[] = [];
    for await (const part of answer(requestOf(changes), localCaller, new AbortController().signal))
      parts.push(part);
    return parts;
  };
  return { ask, rows };
}

function textOf(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

describe('a near model that is sure', () => {
  const near = scriptedModel([
    startPart,
    nearText('It ', -0.1),
    nearText('is so', -0.2, -0.1),
    endPart(),
    finishPart,
  ]);

  test('answers, and the row says what was held back', async () => {
    const { ask, rows } = pipeline({ near });
    const parts = await ask();
    expect(textOf(parts)).toBe('It is so');
    expect(parts.some((part) => part.type === 'text-delta' && part.logprobs !== undefined)).toBe(false);
    expect(rows[0]).toMatchObject({
      answeringModel: 'tiny',
      cascade: { isEscalated: false, tokenCount: 3, modelId: 'tiny' },
    });
    expect(rows[0]?.routeReasons.at(-1)).toMatch(
      /^cascade: tiny was sure \(mean log-probability -0.13 over 3 tokens\)/,
    );
  });

  test('gives a client that asked its log-probabilities', async () => {
    const parts = await pipeline({ near }).ask({ topLogprobCount: 0 });
    expect(parts.filter((part) => part.type === 'text-delta').map((part) => part.logprobs?.length)).toEqual([
      1, 2,
    ]);
  });
});

describe('a near model that is unsure', () => {
  const unsure = [startPart, nearText('Per', -2), nearText('haps', -3), nearText(' so', -2)];

  test('is cut off, and the next tier answers as if it had been asked alone', async () => {
    let signal: AbortSignal | null = null;
    const near = scriptedModel([...unsure, 'hang'], (_, given) => {
      signal = given;
    });
    const { ask, rows } = pipeline({ near });
    const parts = await ask();
    expect(textOf(parts)).toBe('FAR');
    expect(parts.filter((part) => part.type === 'start')).toHaveLength(1);
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      answeringModel: 'far',
      cascade: { isEscalated: true, tokenCount: 3, modelId: 'tiny' },
    });
    expect(rows[0]?.routeReasons.at(-1)).toMatch(
      /below -1\) and nothing of it was shown; spent on it: 3 near tokens/,
    );
  });

  test('answers all the same where nobody else can', async () => {
    const near = scriptedModel([...unsure, endPart(), finishPart]);
    const far = scriptedModel([{ type: 'error', error: new NearfarError('upstream_failed', 'down') }]);
    const { ask, rows } = pipeline({ near, far });
    expect(textOf(await ask())).toBe('Perhaps so');
    expect(rows[0]).toMatchObject({ answeringModel: 'tiny', cascade: { isEscalated: true } });
  });

  test('answers what is marked local_only, and far is never opened', async () => {
    const near = scriptedModel([...unsure, endPart(), finishPart]);
    let asked = 0;
    const far = scriptedModel(farParts, () => asked++);
    const parts = await pipeline({ near, far }).ask({ privacy: 'local_only' });
    expect(textOf(parts)).toBe('Perhaps so');
    expect(asked).toBe(0);
  });

  test('answers a voice, which was promised its first token by a time', async () => {
    const near = scriptedModel([...unsure, endPart(), finishPart]);
    expect(textOf(await pipeline({ near }).ask({ priority: 'voice' }))).toBe('Perhaps so');
  });

  test('answers where the decision does not ask for a cascade', async () => {
    const near = scriptedModel([...unsure, endPart(), finishPart]);
    expect(textOf(await pipeline({ near, cascade: false }).ask())).toBe('Perhaps so');
  });

  test('is not waited for beyond the time', async () => {
    const near = scriptedModel([startPart, 'hang']);
    const { ask, rows } = pipeline({ near, rules: { holdMs: 10 } });
    expect(textOf(await ask())).toBe('FAR');
    expect(rows[0]?.cascade).toMatchObject({ isEscalated: true, tokenCount: 0 });
  });
});

describe('short samples', () => {
  const nearSaying = (texts: readonly string[]): ChatModel => {
    const queue = [...texts];
    return {
      ...scriptedModel([]),
      async *stream(request) {
        yield startPart;
        if (request.id.includes('-sample-')) {
          yield { type: 'text-delta', choice: 0, text: queue.shift() ?? '' };
          yield endPart();
        } else {
          for (const text of ['It ', 'is ', 'so']) yield nearText(text, -0.1);
          yield endPart();
        }
        yield finishPart;
      },
    };
  };

  test('that say different things escalate', async () => {
    const near = nearSaying(['Vienna', 'Graz', 'Linz']);
    expect(textOf(await pipeline({ near, rules: { sampleCount: 3 } }).ask())).toBe('FAR');
  });

  test('that agree do not', async () => {
    const near = nearSaying(['Vienna', 'Vienna', 'Vienna']);
    const { ask, rows } = pipeline({ near, rules: { sampleCount: 3 } });
    expect(textOf(await ask())).toBe('It is so');
    expect(rows[0]?.cascade?.tokenCount).toBe(6);
  });
});

test('whatever the near model does and when, the client sees one model from its start to one end', async () => {
  const piece = fc.record({
    logprobs: fc.array(fc.double({ min: -4, max: 0, noNaN: true }), { maxLength: 3 }),
    text: fc.constantFrom('', 'near ', 'NEAR'),
  });
  const ending = fc.constantFrom<'whole' | 'error' | 'throws' | 'cut' | 'hang'>(
    'whole',
    'error',
    'throws',
    'cut',
    'hang',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 8 }),
      ending,
      fc.constantFrom<'whole' | 'fails'>('whole', 'fails'),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(2, 30),
      async (pieces, end, farDoes, tokenCount, holdMs) => {
        const steps: Step[] = [startPart];
        for (const [{ text, logprobs }, pauses] of pieces) {
          if (pauses) steps.push('pause');
          steps.push(nearText(text, ...logprobs));
        }
        if (end === 'whole') steps.push(endPart(), finishPart);
        if (end === 'error')
          steps.push({ type: 'error', error: new NearfarError('model_crashed', 'crashed') });
        if (end === 'throws') steps.push({ throws: new Error('thrown') });
        if (end === 'hang') steps.push('hang');
        const far =
          farDoes === 'whole'
            ? scriptedModel(farParts)
            : scriptedModel([{ throws: new NearfarError('upstream_failed', 'down') }]);
        const { answer, rows } = answering(nearModel(steps), far, {
          tokenCount,
          holdMs,
          leastMeanLogprob: -1,
        });
        const stop = new AbortController();
        const parts: ChatPart[] = [];
        // A near model that hangs after it was found sure, or when it is asked again, is the reader's to leave.
        const timer = setTimeout(() => {
          stop.abort();
        }, 40);
        for await (const part of answer(requestOf(), localCaller, stop.signal)) parts.push(part);
        clearTimeout(timer);
        const check = createPartCheck(1);
        expect(parts.map(check)).toEqual(parts.map(() => null));
        expect(parts.filter(({ type }) => type === 'finish' || type === 'error')).toHaveLength(1);
        expect(['finish', 'error']).toContain(parts.at(-1)?.type);
        expect(rows).toHaveLength(1);
        const text = textOf(parts);
        const models = parts.flatMap((part) => (part.type === 'start' ? [part.model] : []));
        expect(models.length).toBeLessThanOrEqual(1);
        if (models[0] === 'far') expect(text).not.toMatch(/near/i);
        if (models[0] === 'tiny') expect(text).not.toContain('FAR');
        expect(parts.some((part) => part.type === 'text-delta' && part.logprobs !== undefined)).toBe(false);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);

function answering(near: ChatModel, far: ChatModel, rules: Partial<CascadeRules>) {
  const rows: LedgerRow[] = [];
  const answer = createAnswer({
    label: createLabel({ floor: 'open' }),
    route: { decide: async () => decisionOf(true) },
    models: { model: async (id) => (id === 'tiny' ? near : far) },
    cache: null,
    settle: (row) => rows.push(row),
    cascade: { ...defaultCascadeRules, ...rules },
    graceMs: 5,
  });
  return { answer, rows };
}

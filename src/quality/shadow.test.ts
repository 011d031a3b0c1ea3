// Over 300 lines: one shadow, everything that can come of it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodParts, requestOf, startPart, textPart, endPart, finishPart } from '../answer/fakes.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatRequest } from '../chat/request.ts';
import { refusalRow } from '../answer/refusal.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { AskModel } from './ask-model.ts';
import type { Judged } from './judged-store.ts';
import { createShadow, pairOf, type ShadowDependencies } from './shadow.ts';
import { compared } from './testing/compared.ts';

const tiers = [
  { tier: 'near', modelId: 'tiny' },
  { tier: 'mid', modelId: 'x/mid' },
  { tier: 'far', modelId: 'x/far' },
] as const;

function rowOf(changes: Partial<LedgerRow> = {}): LedgerRow {
  const row = refusalRow({ requestId: 'r', dialect: 'openai', error: new NearfarError('internal', 'no') });
  return { ...row, answeringModel: 'tiny', status: 200, finish: 'stop', ...changes };
}

function shadowWith(changes: Partial<ShadowDependencies> = {}) {
  const asked: { model: string; request: Parameters<AskModel>[1]; tenant: string }[] = [];
  const recorded: Judged[] = [];
  const warnings: string[] = [];
  const shadow = createShadow({
    share: 1,
    tiers: () => Promise.resolve(tiers),
    ask: (model, request, { tenant }) => {
      asked.push({ model, request, tenant });
      return Promise.resolve({ text: 'another', model, finish: 'stop', usage: null });
    },
    judge: { compare: () => Promise.resolve(compared('loss')) },
    judgeName: 'judge',
    record: (judged) => {
      recorded.push(judged);
      return Promise.resolve();
    },
    warn: (message) => warnings.push(message),
    now: () => 1000,
    ...changes,
  });
  const say = (request: Partial<ChatRequest> = {}, row: Partial<LedgerRow> = {}, parts = goodParts) => {
    const recorder = shadow.begin(requestOf({ tenant: 'acme', ...request }));
    for (const part of parts) recorder?.see(part);
    recorder?.end(rowOf(row));
    return recorder !== null;
  };
  return { shadow, asked, recorded, warnings, say };
}

describe('a pair', () => {
  test('is the next tier up, or the nearest where the highest answered', () => {
    const names = (model: string) => {
      const pair = pairOf(tiers, model);
      return pair === null ? null : [pair.lower.tier, pair.upper.tier, pair.alternative.tier];
    };
    expect(names('tiny')).toEqual(['near', 'mid', 'mid']);
    expect(names('x/mid')).toEqual(['mid', 'far', 'far']);
    expect(names('x/far')).toEqual(['near', 'far', 'near']);
    expect(names('other')).toBeNull();
    expect(pairOf(tiers.slice(0, 1), 'tiny')).toBeNull();
  });
});

describe('a comparison', () => {
  test('asks the alternative the same in the same tenant, and keeps no text', async () => {
    const { shadow, asked, recorded, say } = shadowWith();
    say({ maxTokenCount: 50, outputFormat: { type: 'json_object', field: 'f' } }, { requestId: 'r1' });
    await shadow.idle();
    expect(asked).toMatchObject([
      {
        model: 'x/mid',
        tenant: 'acme',
        request: { maxTokenCount: 50, outputFormat: { type: 'json_object' } },
      },
    ]);
    expect(recorded).toEqual([
      {
        requestId: 'r1',
        judgedAt: 1000,
        lower: tiers[0],
        upper: tiers[1],
        answeredTier: 'near',
        routedTier: 'near',
        outcome: 'loss',
        favouredPlace: null,
        judge: 'judge',
      },
    ]);
    expect(shadow.stats).toMatchObject({ judgedCount: 1, pendingCount: 0 });
  });

  test('hands the judge the lower answer first, whichever was delivered', async () => {
    const seen: string[][] = [];
    const judge = {
      compare: (_: unknown, one: string, other: string) => {
        seen.push([one, other]);
        return Promise.resolve(compared('tie'));
      },
    };
    const { shadow, say } = shadowWith({ judge });
    say({}, { answeringModel: 'tiny' });
    say({}, { answeringModel: 'x/far' });
    await shadow.idle();
    expect(seen).toEqual([
      ['Good day', 'another'],
      ['another', 'Good day'],
    ]);
  });

  test('is begun after the end of the answer has gone out', async () => {
    const { shadow, asked, say } = shadowWith();
    say();
    expect(asked).toEqual([]);
    await Promise.resolve();
    expect(asked).toEqual([]);
    await shadow.idle();
    expect(asked).toHaveLength(1);
  });

  test('is none of what cannot be judged by its words', async () => {
    const { shadow, asked, say } = shadowWith();
    const user = { role: 'user', content: 'Hello' } as const;
    say({ input: { kind: 'text', text: 'Once' } });
    say({ choiceCount: 2 });
    say({ input: { kind: 'chat', messages: [user, { role: 'assistant', content: 'Well,' }] } });
    say({ input: { kind: 'chat', messages: [{ ...user, parts: [{ type: 'text', text: 'Hello' }] }] } });
    say({ input: { kind: 'chat', messages: [{ ...user, content: 'x'.repeat(200_000) }] } });
    say({ purpose: 'shadow' });
    say({}, { finish: 'length' });
    say({}, { status: 500, finish: 'internal' });
    say({}, { answerSource: 'exact_cache' });
    say({}, { answeringModel: 'other' });
    say({}, {}, [startPart, textPart('  '), endPart(), finishPart]);
    await shadow.idle();
    expect(asked).toEqual([]);
  });

  test('of a body that passes by is made where everything in it is plain', async () => {
    const { shadow, asked } = shadowWith();
    const body = {
      model: 'far',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      max_tokens: 9,
    };
    const pass = (changes: object, answer: object) => {
      const recorder = shadow.beginBody({
        privacy: 'open',
        tenant: 'acme',
        operation: 'chat',
        body: { ...body, ...changes },
      });
      recorder?.seeBody(Buffer.from(JSON.stringify(answer)));
      recorder?.end(rowOf({ answeringModel: 'x/far' }));
    };
    pass({}, { choices: [{ message: { role: 'assistant', content: 'Hi' } }] });
    pass({ system: 'Be brief' }, { content: [{ type: 'text', text: 'Hi' }] });
    pass({ tools: [] }, { choices: [{ message: { content: 'Hi' } }] });
    pass({ new_field: 1 }, { choices: [{ message: { content: 'Hi' } }] });
    pass({}, { choices: [{ message: { content: 'Hi', tool_calls: [{}] } }] });
    pass({ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, {});
    await shadow.idle();
    expect(asked.map(({ model, request }) => [model, request.maxTokenCount])).toEqual([
      ['tiny', 9],
      ['tiny', 9],
    ]);
  });
});

describe('nothing that is tainted', () => {
  test('is ever compared, whenever the label was tightened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            before: fc.constantFrom('open' as const, 'local_only' as const),
            after: fc.constantFrom('open' as const, 'local_only' as const),
            isBody: fc.boolean(),
          }),
        ),
        async (list) => {
          const { shadow, asked } = shadowWith();
          list.forEach(({ before, after, isBody }, index) => {
            const content = `${before} ${after} ${index}`;
            const messages = [{ role: 'user', content }] as const;
            const recorder = isBody
              ? shadow.beginBody({ privacy: before, tenant: '', operation: 'chat', body: { messages } })
              : shadow.begin(requestOf({ privacy: before, input: { kind: 'chat', messages } }));
            if (before === 'local_only') expect(recorder).toBeNull();
            for (const part of goodParts) recorder?.see(part);
            recorder?.end(rowOf({ privacy: after }));
          });
          await shadow.idle();
          const open = list.filter(({ before, after }) => before === 'open' && after === 'open');
          expect(asked).toHaveLength(Math.min(64, open.length));
          expect(JSON.stringify(asked)).not.toContain('local_only');
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('bounds', () => {
  test('a sample is a sample', async () => {
    let turn = 0;
    const { shadow, asked, say } = shadowWith({ share: 0.1, random: () => (turn++ % 100) / 100 });
    for (let index = 0; index < 100; index += 1) say();
    await shadow.idle();
    expect(asked).toHaveLength(10);
  });

  test('what does not fit the queue is dropped and counted, and a full one delays nobody', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { shadow, asked, say } = shadowWith({
      ask: async (model) => {
        await gate.promise;
        return { text: 'x', model, finish: 'stop', usage: null };
      },
    });
    for (let index = 0; index < 200; index += 1) say({}, { requestId: `r${index}` });
    expect(shadow.stats.droppedCounts.full).toBe(200 - 64);
    gate.resolve(undefined);
    await shadow.idle();
    expect(shadow.stats.judgedCount).toBe(64);
    expect(asked).toEqual([]);
  });

  test('a spent budget ends the asking until it is renewed', async () => {
    let at = 0;
    const { shadow, warnings, say } = shadowWith({
      now: () => at,
      ask: () =>
        at < 5000
          ? Promise.reject(new NearfarError('budget_exhausted', 'spent', { retryAfterSeconds: 10 }))
          : Promise.resolve({ text: 'x', model: 'x/mid', finish: 'stop', usage: null }),
    });
    for (let index = 0; index < 5; index += 1) say();
    await shadow.idle();
    expect(shadow.stats.droppedCounts.budget).toBe(5);
    say();
    await shadow.idle();
    expect(shadow.stats.droppedCounts.budget).toBe(6);
    at = 11_000;
    say();
    await shadow.idle();
    expect(shadow.stats.judgedCount).toBe(1);
    expect(warnings).toEqual([]);
  });

  test('an alternative that fails, a fallback in its place, a mute judge: counted, said once, never an error', async () => {
    const failing = shadowWith({ ask: () => Promise.reject(new NearfarError('upstream_failed', 'gone')) });
    failing.say();
    failing.say();
    await failing.shadow.idle();
    expect(failing.shadow.stats.droppedCounts.answer).toBe(2);
    expect(failing.warnings).toHaveLength(1);
    const other = shadowWith({
      ask: () => Promise.resolve({ text: 'x', model: 'y', finish: 'stop', usage: null }),
    });
    other.say();
    await other.shadow.idle();
    expect(other.shadow.stats.droppedCounts.answer).toBe(1);
    const mute = shadowWith({ judge: { compare: () => Promise.resolve(null) } });
    mute.say();
    await mute.shadow.idle();
    expect(mute.shadow.stats.droppedCounts.verdict).toBe(1);
  });
});

describe('at the end', () => {
  test('what was judged is written, what was not is given up', async () => {
    let failures = 2;
    const recorded: string[] = [];
    const judging = Promise.withResolvers<undefined>();
    const { shadow, say } = shadowWith({
      judge: {
        compare: () => {
          judging.resolve(undefined);
          return Promise.resolve(compared('win'));
        },
      },
      record: ({ requestId }) => {
        if (failures-- > 0) return Promise.reject(new Error('busy'));
        recorded.push(requestId);
        return Promise.resolve();
      },
    });
    say({}, { requestId: 'one' });
    say({}, { requestId: 'two' });
    await judging.promise;
    await shadow.close();
    expect(recorded).toEqual(['one']);
    expect(shadow.stats).toMatchObject({ judgedCount: 1, droppedCounts: { closing: 1 }, pendingCount: 0 });
    expect(say()).toBe(false);
  });
});

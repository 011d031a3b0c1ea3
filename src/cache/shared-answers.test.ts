import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestStore } from '../../test/state-backends.ts';
import { forgetSharedAnswers } from '../cli/forget-shared-answers.ts';
import type { Store } from '../store/store.ts';
import { answerText, readAnswerText } from './answer-text.ts';
import type { KeptAnswer } from './kept-answers.ts';
import { createSharedAnswers, pruneAnswers, type SharedAnswersOptions } from './shared-answers.ts';

let folder: string;
let store: Store;
let clock = 1_000_000;
const warn = vi.fn();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-shared-'));
  store = await openTestStore(join(folder, 'state.sqlite'));
  clock = 1_000_000;
  warn.mockClear();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const open = (changes: Partial<SharedAnswersOptions> = {}) =>
  createSharedAnswers({
    store,
    boundary: 'outside',
    timeToLiveMs: 1000,
    budgetBytes: 1_000_000,
    warn,
    now: () => clock,
    ...changes,
  });

function parts(text: string, madeAt = clock, tenant = 'team'): KeptAnswer {
  return {
    madeAt,
    owner: { requestId: `req_${text}`, tenant },
    parts: [
      { type: 'start', model: 'm', grade: 'ungraded', promptTokenCount: 1, cachedTokenCount: 0 },
      { type: 'text-delta', choice: 0, text },
    ],
  };
}

const bytes: KeptAnswer = {
  madeAt: 1_000_000,
  owner: { requestId: 'req_b', tenant: 'team' },
  contentType: 'text/event-stream',
  items: [{ bytes: Buffer.from([0, 255, 10]), parts: [{ type: 'text-delta', choice: 0, text: 'é' }] }],
};

describe('shared answers', () => {
  it('are found by another gateway, as they were put', async () => {
    const one = open();
    one.put('a', parts('hello'));
    one.put('b', bytes);
    await one.flush();
    const other = open();
    expect(await other.find('a')).toEqual(parts('hello'));
    expect(await other.find('b')).toEqual(bytes);
    expect(await other.find('c')).toBeNull();
  });

  it('are given for their time, and the newest counts', async () => {
    const shared = open();
    shared.put('a', parts('old'));
    await shared.flush();
    shared.put('a', parts('new', clock + 500));
    await shared.flush();
    clock += 1200;
    expect(await shared.find('a')).toMatchObject({ owner: { requestId: 'req_new' } });
    clock += 1000;
    expect(await shared.find('a')).toBeNull();
  });

  it('hold nothing that is local_only, unless the database is inside', () => {
    expect(open().mayHold('local_only')).toBe(false);
    expect(open().mayHold('open')).toBe(true);
    expect(open({ boundary: 'inside' }).mayHold('local_only')).toBe(true);
  });

  it('stay within their bytes, the oldest go first', async () => {
    const shared = open({ timeToLiveMs: 1e9 });
    for (let index = 0; index < 10; index += 1)
      shared.put(`k${index}`, parts('x'.repeat(1000), clock + index));
    await shared.flush();
    await pruneAnswers(store, 0, 5000);
    const left = await Promise.all(
      Array.from({ length: 10 }, (_, index) => open({ timeToLiveMs: 1e9 }).find(`k${index}`)),
    );
    const isThere = left.map((answer) => answer !== null);
    expect(isThere.slice(-4)).toEqual([true, true, true, true]);
    expect(isThere.slice(0, 5)).toEqual([false, false, false, false, false]);
  });

  it('are forgotten by request, tenant and time', async () => {
    const shared = open();
    shared.put('a', parts('a'));
    shared.put('b', parts('b', clock, 'other'));
    shared.put('c', parts('c', clock + 100));
    await shared.flush();
    expect(await forgetSharedAnswers(store, { requestIds: ['req_a', 'req_none'] })).toBe(1);
    expect(await forgetSharedAnswers(store, { tenant: 'other' })).toBe(1);
    expect(await forgetSharedAnswers(store, { before: clock + 50 })).toBe(0);
    expect(await forgetSharedAnswers(store, { keyName: 'nobody' })).toBe(0);
    expect(await forgetSharedAnswers(store, { all: true })).toBe(1);
  });

  it('are written again once the database is back, though some came while it was left alone', async () => {
    let isAway = true;
    const db = new Proxy(store.db, {
      get(real, name) {
        if (isAway) throw new Error('connection refused');
        const member: unknown = Reflect.get(real, name);
        return typeof member === 'function' ? (member.bind(real) as unknown) : member;
      },
    });
    const one = open({ store: { db } });
    one.put('a', parts('a'));
    await one.flush();
    // It rests.
    one.put('b', parts('b'));
    await one.flush();
    isAway = false;
    clock += 10_000;
    one.put('c', parts('c'));
    await one.flush();
    expect(await open().find('c')).not.toBeNull();
  });

  it('are made anew where the database is away, which is said once', async () => {
    const gone = open({ store: { db: store.db.withSchema('nowhere') } });
    expect(await gone.find('a')).toBeNull();
    gone.put('a', parts('a'));
    await gone.flush();
    expect(await gone.find('a')).toBeNull();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

it('what another version wrote is no answer', () => {
  const facts = { madeAt: 1, owner: { requestId: 'r', tenant: 't' } };
  for (const text of ['', '{}', 'null', '{"version":2,"parts":[]}', '{"version":1,"items":[]}'])
    expect(readAnswerText(text, facts)).toBeNull();
  const odds = { token: 1, bytes: [1], logprob: -Infinity, top: [] };
  expect(
    answerText({ ...facts, parts: [{ type: 'text-delta', choice: 0, text: 'a', logprobs: [odds] }] }),
  ).toBeNull();
});

import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openAnswerFile, replaceFile } from './answer-file.ts';
import { answerRow, type Outcome } from './answer-row.ts';
import { keyOf, type LineForm, type PromptLine } from './prompt-line.ts';
import { standingAnswers } from './standing-answers.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearfar-batch-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const line = (id: string, form: LineForm): PromptLine => ({
  lineNumber: 1,
  id,
  form,
  path: '/v1/chat/completions',
  body: {},
});
const good = (text: string): Outcome => ({
  status: 200,
  requestId: 'req_1',
  body: {
    model: 'm',
    choices: [{ message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  },
});
const bad: Outcome = { status: 500, requestId: 'req_2', body: { error: { message: 'no', type: 'x' } } };
const digestOf = (id: string): string => `digest-of-${id}`;
const row = (id: string, form: LineForm = 'plain', outcome = good('yes')): string =>
  answerRow(line(id, form), outcome, digestOf(id));
const digests = (ids: readonly string[]): Map<string, string> =>
  new Map(ids.map((id) => [keyOf(id), digestOf(id)]));
const read = (text: string, ids: readonly string[], form: LineForm = 'plain') =>
  standingAnswers(Buffer.from(text), form, digests(ids));

describe('rows', () => {
  it('are in the form of their lines', () => {
    expect(JSON.parse(row('a'))).toEqual({
      id: 'a',
      answer: 'yes',
      finish_reason: 'stop',
      model: 'm',
      usage: { prompt_tokens: 1, completion_tokens: 2 },
      request: 'digest-of-a',
    });
    expect(JSON.parse(row('a', 'plain', bad))).toEqual({
      id: 'a',
      error: { message: 'no', type: 'x' },
      request: 'digest-of-a',
    });
    expect(JSON.parse(row('a', 'openai'))).toEqual({
      id: 'batch_req_digest-of-a',
      custom_id: 'a',
      response: { status_code: 200, request_id: 'req_1', body: good('yes').body },
      error: null,
    });
    expect(JSON.parse(row('a', 'openai', bad))).toMatchObject({
      response: { status_code: 500, body: { error: { message: 'no' } } },
      error: null,
    });
  });
});

describe('an output of an earlier run', () => {
  it('keeps answers that stand whole, and those only', () => {
    const failed = row('b', 'plain', bad);
    const standing = read(`${row('a')}${failed}${row('a')}${row('c')}`, ['a', 'b', 'c', 'd']);
    expect([...standing.answered]).toEqual(['"a"', '"c"']);
    expect(standing.failedCount).toBe(1);
    expect(Buffer.from(standing.rewritten ?? []).toString()).toBe(row('a') + row('c'));
    expect(read(row('a') + row('c'), ['a', 'c']).rewritten).toBeNull();
  });

  it('shows what changed, what is gone and what is no row', () => {
    const { changed, unknown, foreignLine } = standingAnswers(
      Buffer.from(row('a') + row('z')),
      'plain',
      new Map([['"a"', 'another']]),
    );
    expect({ changed, unknown, foreignLine }).toEqual({
      changed: ['"a"'],
      unknown: ['"z"'],
      foreignLine: null,
    });
    expect(read(`${row('a')}hello\n`, ['a']).foreignLine).toBe(2);
    expect(read(row('a', 'openai'), ['a']).foreignLine).toBe(1);
    expect(read('hello', ['a']).foreignLine).toBe(1);
    expect(read('', ['a']).foreignLine).toBeNull();
  });

  it.each(['plain', 'openai'] as const)(
    'cut anywhere and gone on with, it has exactly one answer for each id (%s)',
    async (form) => {
      const path = join(folder, `${form}.jsonl`);
      const setting = fc.record({
        ids: fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 8 }),
        failing: fc.array(fc.nat(7)),
        cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(setting, async ({ ids, failing, cuts }) => {
          await replaceFile(path, new Uint8Array());
          // Each run answers what is open; all but the last one are cut off somewhere.
          for (const [run, cut] of [...cuts, 1].entries()) {
            const standing = standingAnswers(readFileSync(path), form, digests(ids));
            expect([standing.foreignLine, standing.changed, standing.unknown]).toEqual([null, [], []]);
            if (standing.rewritten !== null) await replaceFile(path, standing.rewritten);
            const file = await openAnswerFile(path);
            for (const [index, id] of ids.entries()) {
              if (standing.answered.has(keyOf(id))) continue;
              const hasFailed = run === 0 && cuts.length > 0 && failing.includes(index);
              await file.append(answerRow(line(id, form), hasFailed ? bad : good(`to ${id}`), digestOf(id)));
            }
            await file.close();
            const bytes = readFileSync(path);
            if (cut < 1) await replaceFile(path, bytes.subarray(0, Math.floor(cut * bytes.length)));
          }
          const rows = readFileSync(path, 'utf8').trimEnd().split('\n');
          const parsed = rows.map((text) => JSON.parse(text) as { id: string; custom_id?: string });
          expect(parsed.map((one) => one.custom_id ?? one.id).sort()).toEqual(ids.toSorted());
          const last = standingAnswers(readFileSync(path), form, digests(ids));
          expect(last.answered.size).toBe(ids.length);
          expect(last.rewritten).toBeNull();
        }),
        { numRuns: 60 },
      );
    },
  );
});

it('a row says that its prompt had to stay, in both forms', () => {
  for (const form of ['plain', 'openai'] as const) {
    expect(row('a', form, { ...good('x'), privacy: 'local_only' })).toContain('"privacy":"local_only"');
    expect(row('a', form, good('x'))).not.toContain('privacy');
  }
});

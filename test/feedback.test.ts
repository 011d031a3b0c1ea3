import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCapturedStore } from '../src/capture/captured-store.ts';
import { createStore } from '../src/store/store.ts';
import { fakeUpstream, openaiHello, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** What callers say of answers, over the real server. */

let upstream: FakeUpstream;
let far: FarGateway;
let secrets = '';

beforeEach(async () => {
  secrets = mkdtempSync(join(tmpdir(), 'nearfar-feedback-'));
  for (const name of ['ana', 'ben']) {
    writeFileSync(join(secrets, name), `secret-of-${name}-0123456789abcdef`, { mode: 0o600 });
  }
  upstream = await fakeUpstream(openaiHello);
  far = await farGateway({
    capture: 'all',
    keys: ['ana', 'ben'].map((name) => ({ name, file: join(secrets, name) })),
    upstreams: [{ name: 'open', baseUrl: `${upstream.url}/v1`, models: ['far'], retries: 0 }],
  });
});
afterEach(async () => {
  await far.close();
  await upstream.close();
  rmSync(secrets, { recursive: true });
});

const keyOf = (name: string) => `secret-of-${name}-0123456789abcdef`;

async function ask(name: string, headers: Record<string, string> = {}) {
  const client = new OpenAI({ baseURL: `${far.url}/v1`, apiKey: keyOf(name), maxRetries: 0 });
  const { data, response } = await client.chat.completions
    .create({ model: 'far', messages: [{ role: 'user', content: 'Hello' }] }, { headers })
    .withResponse();
  return { id: response.headers.get('x-request-id') ?? '', answerId: data.id };
}

async function say(name: string | null, body: object) {
  const response = await fetch(`${far.url}/v1/feedback`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(name === null ? {} : { authorization: `Bearer ${keyOf(name)}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { error?: { message: string; param: string | null } };
  return { status: response.status, answer };
}

async function kept() {
  const store = await createStore({ path: join(far.home, 'ledger.sqlite') });
  try {
    return await store.db.selectFrom('feedback').selectAll().execute();
  } finally {
    await store.close();
  }
}

describe('feedback', () => {
  it('is taken of an answer at once, once a request, and the last word counts', async () => {
    const { id } = await ask('ana');
    const first = await say('ana', { request_id: id, score: 0.5 });
    expect(first).toEqual({
      status: 200,
      answer: { object: 'feedback', request_id: id, score: 0.5, replaced: false, comment_kept: false },
    });
    for (let again = 0; again < 3; again += 1) {
      const { status, answer } = await say('ana', { request_id: id, thumbs: 'down' });
      expect([status, answer]).toMatchObject([200, { score: -1, replaced: true }]);
    }
    expect(await kept()).toMatchObject([
      { request_id: id, key_name: 'ana', tenant: 'ana', answering_model: 'open/far', score: -1 },
    ]);
  });

  it('knows answers by the ids that nearfar gives them', async () => {
    const { id } = await ask('ana');
    for (const given of [`chatcmpl-${id}`, `msg_${id}`, id.replace('req_', 'resp_nearfar_')]) {
      expect((await say('ana', { id: given, score: 1 })).answer).toMatchObject({ request_id: id });
    }
  });

  it('is of one’s own answers only, and nobody learns of others’', async () => {
    const { id } = await ask('ana');
    const others = await say('ben', { request_id: id, score: -1 });
    const unknown = await say('ben', { request_id: 'req_00', score: -1 });
    expect(others.status).toBe(404);
    expect(others.answer.error?.message).toBe(unknown.answer.error?.message);
    expect((await say(null, { request_id: id, score: 1 })).status).toBe(401);
    expect(await kept()).toEqual([]);
  });

  it('is of answers, not of errors', async () => {
    upstream.respond = (response) => {
      sendJson(response, 400, { error: { message: 'no' } });
    };
    const response = await fetch(`${far.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf('ana')}` },
      body: JSON.stringify({ model: 'far', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    expect(response.ok).toBe(false);
    const id = response.headers.get('x-request-id') ?? '';
    expect((await say('ana', { request_id: id, score: 1 })).status).toBe(409);
  });

  it.each([
    [{ score: 1 }, 'request_id'],
    [{ request_id: 'a', id: 'b', score: 1 }, 'request_id'],
    [{ request_id: 'a' }, 'score'],
    [{ request_id: 'a', score: 1, thumbs: 'up' }, 'score'],
    [{ request_id: 'a', score: 2 }, 'score'],
    [{ request_id: 'a', score: '1' }, 'score'],
    [{ request_id: 'a', thumbs: 'sideways' }, 'thumbs'],
    [{ request_id: 'a', score: 1, comment: '' }, 'comment'],
    [{ request_id: 'a', score: 1, stars: 5 }, 'stars'],
  ])('%j is refused, naming %s', async (body, field) => {
    const { status, answer } = await say('ana', body);
    expect(status).toBe(400);
    expect(`${answer.error?.param ?? ''} ${answer.error?.message ?? ''}`).toContain(field);
  });

  it('has words only where the answer itself was kept, and those go with it', async () => {
    const open = await ask('ana');
    const taken = await say('ana', { request_id: open.id, score: 1, comment: 'planted words' });
    expect(taken.answer).toMatchObject({ comment_kept: true });
    const store = await openCapturedStore(join(far.home, 'captured.sqlite'));
    const comments: (string | undefined)[] = [];
    for await (const { comment } of store.read({})) comments.push(comment);
    expect(comments).toEqual(['planted words']);
    expect(await store.remove({})).toBe(1);
    await store.close();
    const again = await say('ana', { request_id: open.id, score: 1, comment: 'planted words' });
    expect(again.answer).toMatchObject({ comment_kept: false });
    expect(JSON.stringify(await kept())).not.toContain('planted');
  });

  it('stands in the description of the API', async () => {
    const description = (await (await fetch(`${far.url}/openapi.json`)).json()) as {
      paths: Record<string, unknown>;
    };
    expect(description.paths['/v1/feedback']).toMatchObject({ post: {} });
  });
});

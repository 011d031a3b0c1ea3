import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { scriptedAnswer } from './scripted-upstream.ts';

/**
 * First requests of Claude Code 2.1.331, Codex 0.169.0 and aider 0.86.2 as they were recorded, their texts shortened and
 * most of their tools left out; `-plain`: with the settings of docs/agents.md. `npm run test:agents` runs the agents.
 */
const languages = { claude: '/v1/messages', open: '/v1/chat/completions', answers: '/v1/responses' } as const;
type Upstream = keyof typeof languages;
const upstreams = Object.keys(languages) as Upstream[];

let upstream: FakeUpstream;
let far: FarGateway;

beforeAll(async () => {
  upstream = await fakeUpstream(scriptedAnswer([{ text: 'It is fixed.' }]));
  const baseUrl = `${upstream.url}/v1`;
  far = await farGateway({
    logLevel: 'error',
    upstreams: [
      { name: 'claude', protocol: 'anthropic', baseUrl: upstream.url, models: ['clever'] },
      { name: 'open', baseUrl, models: ['clever'] },
      { name: 'answers', protocol: 'openai-responses', baseUrl, models: ['clever'] },
    ],
  });
});
afterAll(async () => {
  await far.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.arrived.length = 0;
});

async function send(agent: string, language: Upstream, to: Upstream) {
  const text = readFileSync(new URL(`fixtures/agents/${agent}.json`, import.meta.url), 'utf8');
  const response = await fetch(far.url + languages[language], {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
    body: text.replace('"MODEL"', JSON.stringify(`${to}/clever`)),
  });
  return { status: response.status, text: await response.text(), sent: JSON.parse(text) as object };
}

describe.each([
  ['claude-code', 'claude'],
  ['codex', 'answers'],
  ['aider', 'open'],
] as const)('%s', (agent, language) => {
  it('is passed on as it is to an upstream of its own language', async () => {
    const { status, text, sent } = await send(agent, language, language);
    expect(status, text).toBe(200);
    expect(text).toContain('It is fixed.');
    const [arrived] = upstream.arrived;
    expect(arrived?.path).toBe(languages[language]);
    // Marks for the upstream's prompt cache may be added; nothing is lost.
    expect(arrived?.body).toMatchObject({ ...sent, model: 'clever' });
  });

  it.each(upstreams.filter((name) => name !== language))('is put into the language of %s', async (to) => {
    const { status, text } = await send(agent === 'aider' ? agent : `${agent}-plain`, language, to);
    expect(status, text).toBe(200);
    expect(text).toContain('It is fixed.');
    expect(upstream.arrived[0]?.path).toBe(languages[to]);
    expect((await far.rows())[0]).toMatchObject({
      answeringModel: `${to}/clever`,
      status: 200,
      finish: 'stop',
      promptTokenCount: 100,
      completionTokenCount: 20,
    });
  });
});

it.each([
  ['claude-code', 'claude', /defer_loading|context_management|display/],
  ['codex', 'answers', /namespace/],
] as const)(
  'what only the provider of %s knows is refused by name elsewhere',
  async (agent, language, named) => {
    const { status, text } = await send(agent, language, 'open');
    expect(status).toBe(400);
    expect(text).toMatch(named);
    expect(upstream.arrived).toEqual([]);
  },
);

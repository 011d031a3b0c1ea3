import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { fromLedger } from '../src/cli/calibrate-from-ledger.ts';
import type { Command } from '../src/cli/command.ts';
import { fakeUpstream, sendJson, beginStream, openaiChunk, openaiUsageChunk } from './fake-upstream.ts';
import type { Arrived, FakeUpstream } from './fake-upstream.ts';
import { farGateway } from './far-gateway.ts';

/** Outcomes from what was captured: asked of the other tier, judged, kept, and gone on with. */

let upstream: FakeUpstream;
let home = '';
let said = '';

/** The options alone; the command itself fits a profile to what comes. */
const command: Command = {
  name: 'calibrate',
  usage: '',
  description: '',
  options: {
    judge: { type: 'string', description: '' },
    since: { type: 'string', description: '' },
    limit: { type: 'string', description: '' },
    budget: { type: 'string', description: '' },
    out: { type: 'string', description: '' },
    yes: { type: 'boolean', description: '' },
  },
  examples: [],
  run: () => Promise.resolve(0),
};

function respond(response: Parameters<FakeUpstream['respond']>[0], { body, text }: Arrived): void {
  // The one that knows is better in whichever place it stands.
  const first = text.indexOf('by dear') < text.indexOf('by cheap') ? 'A' : 'B';
  const name = String(body['model']);
  const words = name === 'judge' ? JSON.stringify({ reason: 'so', verdict: first }) : `Said by ${name}.`;
  if (body['stream'] !== true) {
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: name,
      choices: [{ index: 0, message: { role: 'assistant', content: words }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1000, completion_tokens: 200 },
    });
    return;
  }
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content: words }));
  response.write(openaiChunk({}, 'stop'));
  response.write(openaiUsageChunk);
  response.end('data: [DONE]\n\n');
}

const price = { input: 1, output: 10 };
const settings = (capture: string) => ({
  capture,
  upstreams: [
    {
      name: 'open',
      baseUrl: `${upstream.url}/v1`,
      models: ['cheap', 'dear', 'judge'].map((name) => ({ name, price, contextTokenCount: 8192 })),
    },
  ],
  route: {
    tiers: [
      { name: 'low', model: 'open/cheap' },
      { name: 'high', model: 'open/dear' },
    ],
  },
});

/** Two questions that the low tier answered. */
async function traffic(capture: string): Promise<void> {
  const gateway = await farGateway(settings(capture));
  for (const content of ['One plus one?', 'And two?']) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'open/cheap', messages: [{ role: 'user', content }] }),
    });
    expect(response.status).toBe(200);
    await response.text();
  }
  await gateway.gateway.close();
  cpSync(gateway.home, home, { recursive: true });
  await gateway.close();
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-calibrate-'));
  upstream = await fakeUpstream(respond);
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await upstream.close();
  rmSync(home, { recursive: true });
});

function run(...words: string[]) {
  const config = join(home, 'nearfar.config.json');
  return fromLedger(readArguments(command, ['--home', home, '--config', config, ...words]).options);
}

describe('outcomes from what was captured', () => {
  it('show their cost, ask only when agreed to, are kept without text, and are gone on with', async () => {
    await traffic('all');
    const before = upstream.arrived.length;
    const planned = await run('--judge', 'open/judge');
    expect(planned).toMatchObject({ outcomes: [], isComplete: false });
    expect(said).toContain('2 captured questions are open');
    expect(said).toMatch(/estimated: \$0\.00/);
    expect(upstream.arrived.length).toBe(before);

    const out = join(home, 'outcomes.jsonl');
    const done = await run('--judge', 'open/judge', '--yes', '--out', out);
    expect(done.isComplete).toBe(true);
    expect(done.outcomes.map(({ prompt }) => prompt).sort()).toEqual(['And two?', 'One plus one?']);
    for (const { models } of done.outcomes) {
      expect(models).toMatchObject({ low: { score: 0.5 }, high: { score: 1, cost: 0.003 } });
    }
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(2);
    // What is kept to go on from has no text.
    const kept = readFileSync(join(home, 'calibration', 'judged.jsonl'), 'utf8');
    expect(kept).not.toMatch(/plus|Said/);

    const asked = upstream.arrived.length;
    const again = await run('--judge', 'open/judge', '--yes');
    expect(again.outcomes).toHaveLength(2);
    expect(upstream.arrived.length).toBe(asked);
    expect(said).toContain('All 2 questions were judged before');
  });

  it('stay within the budget, and say how to go on', async () => {
    await traffic('all');
    const result = await run('--judge', 'open/judge', '--yes', '--budget', '0.001');
    expect(result).toMatchObject({ outcomes: [], isComplete: false });
    expect(said).toMatch(/Ended early: .*budget/);
  });

  it('need captured texts and a judge', async () => {
    await traffic('off');
    await expect(run('--judge', 'open/judge')).rejects.toThrow(/capture is off/);
    await expect(run()).rejects.toThrow(/--judge MODEL/);
  });
});

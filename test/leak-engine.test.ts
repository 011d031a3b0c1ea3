import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLeakFinder } from '../src/privacy/prove/leak-finder.ts';
import { plant, plantedKinds } from '../src/privacy/prove/planted.ts';
import { createRecordingUpstream, type RecordingUpstream } from '../src/privacy/prove/recording-upstream.ts';
import { seededRandom } from '../src/random/seeded-random.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/**
 * What the leak suite stands in for: the real engine's process, killed with requests on board that must stay, behind settings that
 * would send everything elsewhere where the near model fails.
 */

const random = seededRandom(3);
const finder = createLeakFinder();
let recording: RecordingUpstream;
let real: RealGateway;

beforeAll(async () => {
  recording = await createRecordingUpstream(() => 'none');
  const upstreams = [
    { name: 'open', baseUrl: recording.addressOf('open'), models: ['big'] },
    { name: 'claude', protocol: 'anthropic', baseUrl: recording.addressOf('claude'), models: ['clever'] },
  ];
  real = await realGateway(
    { 'engine.parallelCount': '2' },
    {
      upstreams,
      far: 'open/big',
      route: { policy: 'classifier', cascade: true },
      fallbacks: { near: ['open/big'], auto: ['claude/clever'] },
      privacy: { mode: 'local' },
    },
  );
}, 180_000);

afterAll(async () => {
  await real.close();
  await recording.close();
});

interface Asked {
  readonly status: number;
  readonly text: string;
}

async function ask(model: string, content: string, headers: Record<string, string>): Promise<Asked> {
  const response = await fetch(`${real.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, stream: true, max_tokens: 40, messages: [{ role: 'user', content }] }),
  });
  return { status: response.status, text: await response.text() };
}

const processId = (): number | null => real.gateway.localModels.running()[0]?.processId ?? null;

describe('a killed engine', () => {
  it('takes nothing out of the house that was on board', { timeout: 240_000 }, async () => {
    let killCount = 0;
    const asked: Asked[] = [];
    for (let round = 0; round < 2; round++) {
      const waiting = Array.from({ length: 8 }, (_, index) => {
        const kind = plantedKinds[(round * 8 + index) % plantedKinds.length] ?? 'arbitrary';
        const { needle, text } = plant(random, kind);
        finder.add(needle, round * 8 + index);
        // Every second one is marked; of the others only those that a detector finds must stay.
        const isMarked = index % 2 === 0 || kind === 'arbitrary' || kind === 'model_only';
        const model = ['auto', 'near', real.modelId, 'far'][index % 4] ?? 'auto';
        return ask(model, text, isMarked ? { 'x-nearfar-privacy': 'local_only' } : {});
      });
      await sleep(400);
      const id = processId();
      if (id !== null) {
        process.kill(id, 'SIGKILL');
        killCount++;
      }
      asked.push(...(await Promise.all(waiting)));
    }
    expect(killCount).toBe(2);
    // Broken off with an error, or answered by the engine that came back, for nobody else was asked: which one is chance.
    for (const { status, text } of asked)
      expect(status === 200 ? /"error"|\[DONE\]/.test(text) : status >= 400).toBe(true);
    for (const { bytes } of recording.recorded) expect([...finder.find(bytes).keys()]).toEqual([]);
    // What need not stay does go there: that it is seen is shown.
    const control = plant(random, 'arbitrary');
    finder.add(control.needle, 1000);
    await ask('far', control.text, {});
    expect(recording.recorded.some(({ bytes }) => finder.find(bytes).has(1000))).toBe(true);
  });
});

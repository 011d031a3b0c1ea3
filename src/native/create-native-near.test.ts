import { describe, expect, it } from 'vitest';
import { createNear, missingIn } from './create-native-near.ts';
import { foundationModels } from './apple/foundation-models.ts';
import { fakeApple, fakeExpoAiKit, fakeLlama, type FakeAppleOptions } from './fakes.ts';
import { geminiNano } from './gemini-nano/gemini-nano.ts';
import { llamaRn } from './llama-rn/llama-rn.ts';
import type { NativeDevice } from './native-environment.ts';

const secretText = 'My card is 4111 1111 1111 1111, is it valid?';

/** A gateway that answers, and remembers all that it was sent. */
function recorder() {
  const sent: string[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : '';
    const address = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    sent.push(`${address} ${JSON.stringify(init?.headers)} ${body}`);
    const chunks = [
      {
        id: 'x',
        model: 'far',
        choices: [{ index: 0, delta: { content: 'from afar' }, finish_reason: null }],
      },
      { id: 'x', model: 'far', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { id: 'x', model: 'far', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    ];
    const text = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]']
      .map((data) => `data: ${data}\n\n`)
      .join('');
    return Promise.resolve(new Response(text, { headers: { 'content-type': 'text/event-stream' } }));
  };
  return { sent, fetch };
}

function client(setup: FakeAppleOptions = {}, device: NativeDevice = {}) {
  const { sent, fetch } = recorder();
  const apple = fakeApple(setup);
  const near = createNear({
    backends: [foundationModels(apple)],
    gateway: { url: 'https://gateway.example/v1', fetch },
    device,
  });
  return { near, sent, apple };
}

describe('an app’s client', () => {
  it('answers what is simple on the device, and says so', async () => {
    const { near, sent } = client();
    const answer = await near.chat('Hi, how are you?');
    expect(answer).toMatchObject({ text: 'Hello there', route: { backend: 'apple', label: 'open' } });
    expect(sent).toEqual([]);
  });

  it('falls back to the gateway where the device cannot', async () => {
    const { near, sent } = client({ availability: 'deviceNotEligible' });
    const answer = await near.chat('Hi, how are you?');
    expect(answer).toMatchObject({ text: 'from afar', route: { backend: 'gateway' } });
    expect(sent).toHaveLength(1);
  });

  it('falls back to the gateway where the device fails before it said anything', async () => {
    const { near } = client({ pieces: [], error: 'Something else' });
    expect(await near.chat('Hi, how are you?')).toMatchObject({ text: 'from afar' });
  });

  it('keeps what is private on the device, whatever the policy prefers, and fails closed', async () => {
    const { near, sent } = client();
    const answer = await near.chat(secretText);
    expect(answer.route).toMatchObject({ backend: 'apple', label: 'local_only' });
    expect(answer.route.detectors.length).toBeGreaterThan(0);
    for (const setup of [
      { availability: 'modelNotReady' },
      { pieces: [], error: 'Something else' },
      { throws: true },
    ] satisfies FakeAppleOptions[]) {
      const other = client(setup);
      await expect(other.near.chat(secretText)).rejects.toMatchObject({ name: 'NearfarError' });
      expect(other.sent).toEqual([]);
    }
    expect(sent).toEqual([]);
  });

  it('keeps the rest of a private conversation on the device', async () => {
    const { near, sent } = client({}, { appState: background() });
    await near.chat(secretText, { session: 'one' });
    await near.chat('And now?', { session: 'one' });
    expect(sent).toEqual([]);
    // In the background it prefers the gateway for everything else.
    await near.chat('And now?', { session: 'two' });
    expect(sent).toHaveLength(1);
    expect(sent.join()).not.toContain('4111');
  });

  it('asks the gateway when the battery is low, and the device when it is offline', async () => {
    const low = client({}, { battery: () => Promise.resolve({ level: 0.05, isCharging: false }) });
    expect((await low.near.chat('Hi, how are you?')).route.backend).toBe('gateway');
    const offline = client(
      {},
      { isOnline: () => false, battery: () => Promise.resolve({ level: 0.05, isCharging: false }) },
    );
    expect((await offline.near.chat('Hi, how are you?')).route.backend).toBe('apple');
    expect(offline.sent).toEqual([]);
  });

  it('takes the next model of the device where the first cannot be used', async () => {
    const near = createNear({
      backends: [
        foundationModels(() => Promise.reject(new Error('no such module'))),
        geminiNano(fakeExpoAiKit({ status: 'unavailable' })),
        llamaRn(fakeLlama(), { model: '/m/tiny.gguf' }),
      ],
    });
    expect(await near.chat('Hi')).toMatchObject({ text: 'One two three', route: { backend: 'llama.rn' } });
    const { backends } = await near.status();
    expect(backends.map(({ availability }) => availability.state)).toEqual([
      'unavailable',
      'unavailable',
      'ready',
    ]);
  });

  it('prepares Gemini Nano, with progress', async () => {
    const kit = fakeExpoAiKit({ status: 'downloadable' });
    const near = createNear({ backends: [geminiNano(kit)] });
    await expect(near.chat('Hi')).rejects.toThrow('prepare()');
    const fractions: number[] = [];
    await near.prepare({ onProgress: ({ fraction }) => fractions.push(fraction) });
    expect(fractions.at(-1)).toBe(1);
    expect(await near.chat('Hi')).toMatchObject({ text: 'Guten Tag' });
  });

  it('names what a JavaScript engine lacks', () => {
    expect(missingIn(globalThis, true)).toEqual([]);
    const hermes = { AbortController, AbortSignal: {}, performance, TextDecoder, URL: {} };
    expect(missingIn(hermes, false).join()).toMatch(/crypto.getRandomValues.*AbortSignal.any/);
    expect(missingIn(hermes, true).join()).toContain('URL.canParse');
  });
});

function background(): NonNullable<NativeDevice['appState']> {
  return { currentState: 'background', addEventListener: () => ({ remove: () => undefined }) };
}

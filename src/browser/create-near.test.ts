import { describe, expect, test } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import { createNear } from './create-near.ts';
import { fakeBackend, fakeEnvironment, partsOf, ready, recordingNetwork } from './fakes.ts';
import { hardText, make, secretText } from './fixtures/near.ts';

describe('who answers', () => {
  test('a simple request is answered in the page, with the reason', async () => {
    const { near, network } = make();
    const answer = await near.chat('What is the capital of France?');
    expect(answer.text).toBe('from page');
    expect(answer.route.backend).toBe('page');
    expect(answer.route.reasons.join()).toMatch(/page: difficulty 0\.\d\d .* is below 0\.70/);
    expect(network.sent).toEqual([]);
  });

  test('a hard one goes to the gateway, with the reason', async () => {
    const { near, page, network } = make();
    const answer = await near.chat(hardText);
    expect(answer.text).toBe('from the gateway');
    expect(answer.route.reasons.join()).toMatch(/gateway: difficulty .* is not below 0\.70/);
    expect(network.sent.map(({ url }) => url)).toEqual(['https://gateway.example/v1/chat/completions']);
    expect(page.asked).toEqual([]);
  });

  test('a private one stays, however hard it is', async () => {
    const { near, network } = make();
    const answer = await near.chat(`${hardText} ${secretText}`);
    expect(answer.route).toMatchObject({ backend: 'page', label: 'local_only' });
    expect(answer.route.detectors).toContain('iban');
    expect(network.sent).toEqual([]);
  });

  test('a private one that the page cannot answer is an error, never the gateway', async () => {
    const unable = fakeBackend({
      name: 'page',
      availability: { state: 'unavailable', reason: 'No WebGPU.' },
    });
    const { near, network } = make({}, { page: unable });
    const refused = near.chat(secretText);
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(refused).rejects.toThrow(/must stay inside.*No WebGPU.*iban/s);
    expect(network.sent).toEqual([]);
  });

  test('a private one whose page model fails is an error, never the gateway', async () => {
    const broken = fakeBackend({
      name: 'page',
      answer: () => {
        throw new Error('the GPU was lost');
      },
    });
    const { near, network } = make({}, { page: broken });
    await expect(near.chat(secretText)).rejects.toBeInstanceOf(NearfarError);
    expect(network.sent).toEqual([]);
  });

  test('pictures that nobody reads stay, unless the page allows it', async () => {
    const picture = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        ],
      },
    ] as const;
    const closed = make({ policy: { prefer: 'far' } });
    expect((await closed.near.chat(picture)).route).toMatchObject({
      backend: 'page',
      detectors: ['unread.image'],
    });
    const open = make({ policy: { prefer: 'far' }, privacy: { allowsMedia: true } });
    expect((await open.near.chat(picture)).route.backend).toBe('gateway');
  });

  test('a conversation that was private stays so, by its name and by its beginning', async () => {
    const { near, network } = make({ policy: { prefer: 'far' } });
    await near.chat(secretText, { session: 'one' });
    expect((await near.chat('And now?', { session: 'one' })).route).toMatchObject({
      backend: 'page',
      label: 'local_only',
    });
    expect((await near.chat('And now?', { session: 'two' })).route.backend).toBe('gateway');
    const first = await near.chat([{ role: 'user', content: secretText }]);
    const later = await near.chat([
      { role: 'user', content: secretText },
      { role: 'assistant', content: first.text },
      { role: 'user', content: 'And now?' },
    ]);
    expect(later.route.backend).toBe('page');
    expect(network.sent).toHaveLength(1);
  });

  test('what was asked to stay stays; a page may keep everything, or look at nothing', async () => {
    const far = { policy: { prefer: 'far' } } as const;
    expect((await make(far).near.chat('Hello', { privacy: 'local_only' })).route.backend).toBe('page');
    expect((await make({ ...far, privacy: { mode: 'page' } }).near.chat('Hello')).route.backend).toBe('page');
    const off = make({ ...far, privacy: { mode: 'off' } });
    expect((await off.near.chat(secretText)).route.backend).toBe('gateway');
    expect((await off.near.chat('Hello', { privacy: 'local_only' })).route.backend).toBe('page');
  });

  test('own terms of the page stay', async () => {
    const { near } = make({ policy: { prefer: 'far' }, privacy: { terms: ['Initech', /PRJ-\d{4}/] } });
    expect((await near.chat('What does Initech sell?')).route.detectors).toEqual(['own_term.page']);
    expect((await near.chat('Open PRJ-1234')).route.backend).toBe('page');
    expect((await near.chat('Open the window')).route.backend).toBe('gateway');
  });

  test.each([
    ['a tab in the background', { isHidden: true }, /the tab is in the background/],
    ['a low battery', { battery: { level: 0.1, isCharging: false } }, /the battery is at 10%/],
  ])('%s moves what may leave to the gateway, and only that', async (_, facts, reason) => {
    const { near, environment } = make();
    environment.facts = { ...environment.facts, ...facts };
    const answer = await near.chat('What is the capital of France?');
    expect(answer.route.backend).toBe('gateway');
    expect(answer.route.reasons.join()).toMatch(reason);
    expect((await near.chat(secretText)).route.backend).toBe('page');
    environment.facts = { ...environment.facts, isOnline: false };
    expect((await near.chat('What is the capital of France?')).route.backend).toBe('page');
  });

  test('a charging device is not low', async () => {
    const { near, environment } = make();
    environment.facts = { ...environment.facts, battery: { level: 0.1, isCharging: true } };
    expect((await near.chat('What is the capital of France?')).route.backend).toBe('page');
  });

  test('a device that was measured to be slow is passed over for the gateway', async () => {
    const slow = fakeBackend({
      name: 'page',
      async *answer() {
        for (const part of partsOf('slow')) {
          if (part.type === 'text-delta') await new Promise((resolve) => setTimeout(resolve, 20));
          yield part;
        }
      },
    });
    const { near } = make({ policy: { minTokensPerSecond: 10_000 } }, { page: slow });
    expect((await near.chat('Hello')).route.backend).toBe('page');
    const second = await near.chat('Hello');
    expect(second.route.backend).toBe('gateway');
    expect(second.route.reasons.join()).toMatch(/tokens a second on this device, measured over 1 answers/);
  });

  test('offline: what is there answers, and where nothing is, the error says so', async () => {
    const { near, environment, network } = make({ policy: { prefer: 'far' } });
    environment.facts = { ...environment.facts, isOnline: false };
    const answer = await near.chat(hardText);
    expect(answer.route.backend).toBe('page');
    expect(answer.route.reasons.join()).toMatch(/the browser is offline/);
    const alone = make({ backends: [] });
    alone.environment.facts = { ...alone.environment.facts, isOnline: false };
    await expect(alone.near.chat('Hello')).rejects.toThrow(/gateway: the browser is offline/);
    expect([...network.sent, ...alone.network.sent]).toEqual([]);
  });

  test('of several backends the one that is ready goes first; a download is not begun unasked', async () => {
    const heavy = fakeBackend({
      name: 'heavy',
      availability: { ...ready(), state: 'downloadable', downloadBytes: 5e8 } as never,
    });
    const light = fakeBackend({ name: 'light' });
    const { near } = make({ backends: [heavy, light] });
    expect((await near.chat('Hello')).route.backend).toBe('light');
    const alone = make({ backends: [heavy], policy: { prefer: 'near' } });
    const answer = await alone.near.chat('Hello');
    expect(answer.route.backend).toBe('gateway');
    expect(answer.route.reasons.join()).toMatch(/500 MB\): call prepare\(\)/);
    const allowed = make({ backends: [heavy], policy: { download: { maxBytes: 1e9 } } });
    expect((await allowed.near.chat('Hello')).route.backend).toBe('heavy');
    expect(heavy.loadCount).toBe(1);
  });

  test('names: near, a backend, and a model of the gateway’s', async () => {
    const { near, network } = make();
    const messages = [{ role: 'user', content: 'Hello' }] as const;
    expect((await near.chat({ model: 'near', messages })).route.backend).toBe('page');
    expect((await near.chat({ model: 'page', messages })).route.backend).toBe('page');
    const named = await near.chat({ model: 'gpt-5', messages });
    expect(named.route.backend).toBe('gateway');
    expect(JSON.parse(network.sent[0]?.body ?? '')).toMatchObject({ model: 'gpt-5', stream: true });
    const privately = await near.chat({ model: 'gpt-5', messages: [{ role: 'user', content: secretText }] });
    expect(privately.route.backend).toBe('page');
    await expect(near.chat('Hello', { backend: 'nobody' })).rejects.toMatchObject({
      kind: 'model_not_found',
    });
    await expect(near.chat(secretText, { backend: 'gateway' })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(network.sent).toHaveLength(1);
  });

  test('a gateway inside gets what is private, marked', async () => {
    const network = recordingNetwork();
    const { near } = make({
      backends: [],
      gateway: { url: 'http://localhost:4242/v1', fetch: network.fetch, boundary: 'inside' },
    });
    expect((await near.chat(secretText)).route).toMatchObject({ backend: 'gateway', label: 'local_only' });
    expect(network.sent[0]?.headers['x-nearfar-privacy']).toBe('local_only');
  });

  test('without anything that could answer, the error says so', async () => {
    await expect(createNear({ backends: [], environment: fakeEnvironment() }).chat('Hello')).rejects.toThrow(
      /there is none/,
    );
  });

  test('explain says the same and asks nobody', async () => {
    const { near, page, network } = make();
    expect(await near.explain('Hello')).toMatchObject({ backend: 'page', label: 'open' });
    expect([...page.asked, ...network.sent]).toEqual([]);
  });
});

// @vitest-environment happy-dom
import { act, StrictMode, type ReactElement } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backendStatus, fakeNear, type FakeNear } from '../browser/conversation/fakes.ts';
import type { Near } from '../browser/near.ts';
import { NearfarError } from '../chat/error.ts';
import { downloadsIn, routeSentence, useNear, type UseNear } from './index.ts';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

let chat: UseNear;
let renders = 0;
let root: Root | null = null;
let complaints: unknown[][];

beforeEach(() => {
  renders = 0;
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...given: unknown[]) => complaints.push(given));
});
afterEach(() => {
  act(() => {
    root?.unmount();
  });
  root = null;
  vi.restoreAllMocks();
  // React tells of everything that it holds to be wrong there: updates after unmounting, mismatches of hydration.
  expect(complaints).toEqual([]);
});

function Chat({ near }: { readonly near: Near | (() => Near) | null }): ReactElement {
  chat = useNear(near, { system: 'be brief' });
  renders += 1;
  const [offer] = downloadsIn(chat.status);
  return (
    <div>
      <ul>
        {chat.messages.map(({ id, role, text, route }) => (
          <li key={id} className={role}>
            {text}
            {route === null ? null : <small>{routeSentence(route, 'machine')}</small>}
          </li>
        ))}
      </ul>
      <p id="phase">{chat.phase}</p>
      <p id="error">{chat.error?.message}</p>
      <p id="offer">{offer?.name}</p>
    </div>
  );
}

async function mount(element: ReactElement): Promise<HTMLElement> {
  const place = document.createElement('div');
  root = createRoot(place);
  await act(async () => {
    root?.render(element);
    await Promise.resolve();
  });
  return place;
}

async function doing(step: () => unknown): Promise<void> {
  await act(async () => {
    await step();
    // As long as a growing text waits before it is told.
    await new Promise((resolve) => setTimeout(resolve, 40));
  });
}

const said = (place: HTMLElement): string[] =>
  [...place.querySelectorAll('li')].map((row) => row.textContent);

describe('useNear', () => {
  it('streams an answer, with where it came from, and stops', async () => {
    const fake = fakeNear();
    const place = await mount(<Chat near={fake.near} />);
    await doing(() => void chat.send('hi'));
    expect(chat.isBusy).toBe(true);
    await doing(() => fake.say('Hel'));
    expect(said(place)[1]).toMatch(/^HelAnswered on this device \(wllama\)/);
    await doing(() => fake.say('lo'));
    await doing(() => fake.end());
    expect(said(place)[1]).toMatch(/^Hello/);
    expect(place.querySelector('#phase')?.textContent).toBe('idle');
    await doing(() => void chat.send('more'));
    await doing(() => {
      chat.stop();
    });
    expect(fake.isAborted()).toBe(true);
    expect(chat.messages.at(-1)?.state).toBe('stopped');
  });

  it('shows an error, and retries', async () => {
    const fake = fakeNear();
    const place = await mount(<Chat near={fake.near} />);
    await doing(() => void chat.send('hi'));
    await doing(() => fake.fail(new NearfarError('unavailable', 'Nobody could answer.')));
    expect(place.querySelector('#error')?.textContent).toBe('Nobody could answer.');
    await doing(() => void chat.retry());
    await doing(() => fake.say('yes'));
    await doing(() => fake.end());
    expect(said(place)).toHaveLength(2);
    expect(place.querySelector('#error')?.textContent).toBe('');
  });

  it('tells of downloads', async () => {
    const fake = fakeNear([backendStatus('downloadable')]);
    const place = await mount(<Chat near={fake.near} />);
    await doing(() => undefined);
    expect(place.querySelector('#offer')?.textContent).toBe('wllama');
    await doing(() => void chat.prepare('wllama'));
    await doing(() => fake.load({ fraction: 0.5 }));
    expect(chat.progress?.fraction).toBe(0.5);
    await doing(() => {
      fake.setBackends([backendStatus('ready')]);
      return fake.finishLoad();
    });
    expect(place.querySelector('#offer')?.textContent).toBe('');
    expect(chat.progress).toBeNull();
  });

  it('works in strict mode, where everything is mounted twice', async () => {
    const made: FakeNear[] = [];
    const make = (): Near => {
      const fake = fakeNear();
      made.push(fake);
      return fake.near;
    };
    const place = await mount(
      <StrictMode>
        <Chat near={make} />
      </StrictMode>,
    );
    const [first, second] = made;
    expect(made).toHaveLength(2);
    expect(first?.disposeCount()).toBe(1);
    expect(first?.watcherCount()).toBe(0);
    await doing(() => void chat.send('hi'));
    expect(first?.asked).toEqual([]);
    expect(second?.asked).toHaveLength(1);
    await doing(() => second?.say('Hello'));
    await doing(() => second?.end());
    expect(said(place)[1]).toMatch(/^Hello/);
  });

  it('stops the answer and sets nothing after it is unmounted', async () => {
    const fake = fakeNear();
    await mount(<Chat near={fake.near} />);
    await doing(() => void chat.send('hi'));
    await doing(() => fake.say('Hel'));
    act(() => {
      root?.unmount();
    });
    root = null;
    const before = renders;
    await doing(() => fake.say('lo'));
    expect(fake.isAborted()).toBe(true);
    expect(fake.watcherCount()).toBe(0);
    expect(renders).toBe(before);
  });

  it('goes over to another client, and waits for one', async () => {
    const one = fakeNear();
    const other = fakeNear();
    await mount(<Chat near={null} />);
    await doing(() => void chat.send('too early'));
    expect(chat.error?.kind).toBe('unavailable');
    await doing(() => root?.render(<Chat near={one.near} />));
    await doing(() => root?.render(<Chat near={other.near} />));
    expect(one.watcherCount()).toBe(0);
    await doing(() => void chat.retry());
    expect(one.asked).toEqual([]);
    expect(other.asked).toHaveLength(1);
    await doing(() => other.end());
  });

  it('renders on a server without a client, and the page goes on from that', async () => {
    const make = vi.fn(() => fakeNear().near);
    const html = renderToString(<Chat near={make} />);
    expect(html).toContain('idle');
    expect(make).not.toHaveBeenCalled();
    const place = document.createElement('div');
    place.innerHTML = html;
    await act(async () => {
      root = hydrateRoot(place, <Chat near={make} />);
      await Promise.resolve();
    });
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('gives functions that stay the same', async () => {
    await mount(<Chat near={fakeNear().near} />);
    const { send, stop, retry, prepare, clear } = chat;
    await doing(() => root?.render(<Chat near={fakeNear().near} />));
    expect([chat.send, chat.stop, chat.retry, chat.prepare, chat.clear]).toEqual([
      send,
      stop,
      retry,
      prepare,
      clear,
    ]);
  });
});

// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { backendStatus, fakeNear, type FakeNear } from '../browser/conversation/fakes.ts';
import { NearfarError } from '../chat/error.ts';
import { NearfarChat } from './index.ts';

const soon = (ms = 45): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(() => {
  document.body.replaceChildren();
});

async function mount(fake: FakeNear, attributes: Readonly<Record<string, string>> = {}) {
  const chat = new NearfarChat();
  for (const [name, value] of Object.entries(attributes)) chat.setAttribute(name, value);
  chat.near = fake.near;
  document.body.append(chat);
  await soon();
  const find = (part: string): HTMLElement => {
    const found = chat.shadowRoot?.querySelector<HTMLElement>(`[part~="${part}"]`);
    if (found === null || found === undefined) throw new Error(`no part ${part}`);
    return found;
  };
  return { chat, find };
}

function key(target: HTMLElement, name: string, more: KeyboardEventInit = {}): void {
  target.dispatchEvent(
    new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, composed: true, ...more }),
  );
}

describe('<nearfar-chat>', () => {
  it('asks with Enter, streams, and says where the answer came from', async () => {
    const fake = fakeNear();
    const { chat, find } = await mount(fake, { system: 'be brief', 'max-tokens': '20', temperature: '0' });
    const answers: unknown[] = [];
    chat.addEventListener('nearfar-answer', (event) => answers.push((event as CustomEvent).detail));
    const input = find('input') as HTMLTextAreaElement;
    input.value = 'hi';
    key(input, 'Enter', { isComposing: true });
    key(input, 'Enter', { shiftKey: true });
    expect(fake.asked).toEqual([]);
    key(input, 'Enter');
    await soon();
    expect(input.value).toBe('');
    expect(find('send').hidden).toBe(true);
    expect(find('stop').hidden).toBe(false);
    expect(find('log').getAttribute('aria-busy')).toBe('true');
    await fake.say('Hello');
    await soon();
    expect(find('assistant').querySelector('[part=text]')?.textContent).toBe('Hello');
    await fake.end();
    await soon();
    expect(find('assistant').querySelector('[part=route]')?.textContent).toMatch(
      /^Answered on this device \(wllama\), and kept private: email found\./,
    );
    expect(answers).toMatchObject([{ text: 'Hello', model: 'smollm2' }]);
    expect(fake.asked[0]?.input).toMatchObject({
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
      ],
      max_completion_tokens: 20,
      temperature: 0,
    });
  });

  it('shows texts as text, whatever they hold', async () => {
    const fake = fakeNear();
    const { chat, find } = await mount(fake);
    const attack = '<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script><b>&amp;</b>';
    void chat.send(attack);
    await fake.say(attack);
    await fake.fail(new NearfarError('unavailable', attack));
    await soon();
    for (const part of ['user', 'assistant']) {
      const text = find(part).querySelector('[part=text]');
      expect(text?.textContent).toBe(attack);
      expect(text?.children).toHaveLength(0);
    }
    expect(find('error').textContent).toBe(attack);
    expect(chat.shadowRoot?.querySelector('img, script, b')).toBeNull();
    expect((globalThis as { pwned?: unknown }).pwned).toBeUndefined();
  });

  it('stops with Escape and keeps the focus in the question', async () => {
    const fake = fakeNear();
    const { chat, find } = await mount(fake);
    void chat.send('hi');
    await fake.say('half');
    await soon();
    key(find('log'), 'Escape');
    expect(fake.isAborted()).toBe(true);
    expect(find('assistant').querySelector('[part=note]')?.textContent).toBe('Stopped.');
    expect(chat.shadowRoot?.activeElement).toBe(find('input'));
    expect(find('retry').hidden).toBe(false);
    find('retry').click();
    await fake.say('all');
    await fake.end();
    await soon();
    expect(chat.messages.map(({ text }) => text)).toEqual(['hi', 'all']);
  });

  it('downloads nothing before somebody agreed to so many bytes', async () => {
    const fake = fakeNear([backendStatus('downloadable')]);
    const { find } = await mount(fake);
    expect(find('consent').hidden).toBe(false);
    expect(find('consent').textContent).toContain('92 MB');
    expect(find('progress').hidden).toBe(true);
    find('download').click();
    await fake.load({ loadedBytes: 40_000_000, totalBytes: 91_700_000, fraction: 0.43 });
    expect(find('progress').hidden).toBe(false);
    expect(find('progress').textContent).toContain('Downloading: 40 MB of 92 MB (43%)');
    expect(find('consent').hidden).toBe(true);
    fake.setBackends([backendStatus('ready')]);
    await fake.finishLoad();
    await soon();
    expect(find('progress').hidden).toBe(true);
    expect(find('consent').hidden).toBe(true);
  });

  it('takes no for an answer, and offers nothing that has no room', async () => {
    const declined = await mount(fakeNear([backendStatus('downloadable')]));
    declined.find('not-now').click();
    expect(declined.find('consent').hidden).toBe(true);
    const full = await mount(fakeNear([backendStatus('downloadable', { fits: false })]));
    expect((full.find('download') as HTMLButtonElement).disabled).toBe(true);
    expect(full.find('consent').textContent).toContain('no room');
  });

  it('is a named region with a log, reads whole answers out once, and alerts errors', async () => {
    const fake = fakeNear();
    const { chat, find } = await mount(fake, { label: 'Help' });
    expect(chat.getAttribute('role')).toBe('region');
    expect(chat.getAttribute('aria-label')).toBe('Help');
    expect(find('log').getAttribute('role')).toBe('log');
    expect(find('log').tabIndex).toBe(0);
    expect(find('error').getAttribute('role')).toBe('alert');
    const live = chat.shadowRoot?.querySelector('[role=status]');
    const heard: string[] = [];
    const observer = new MutationObserver(() => heard.push(live?.textContent ?? ''));
    observer.observe(live!, { childList: true, characterData: true, subtree: true });
    void chat.send('hi');
    for (const piece of ['a', 'b', 'c']) await fake.say(piece);
    await soon();
    await fake.end();
    await soon();
    observer.disconnect();
    expect(heard).toHaveLength(2);
    expect(heard[0]).toBe('An answer is being written.');
    expect(heard[1]).toMatch(/^abc Answered on this device/);
    for (const control of chat.shadowRoot?.querySelectorAll('button') ?? []) {
      expect(control.textContent).not.toBe('');
    }
  });

  it('speaks the page’s language where it is told the words', async () => {
    const { chat, find } = await mount(fakeNear());
    chat.labels = { send: 'Senden', placeholder: 'Frag etwas' };
    expect(find('send').textContent).toBe('Senden');
    expect((find('input') as HTMLTextAreaElement).placeholder).toBe('Frag etwas');
    expect(find('stop').textContent).toBe('Stop');
  });

  it('stops when it is taken out of the page, goes on when it is moved, and comes back', async () => {
    const fake = fakeNear();
    const { chat } = await mount(fake);
    void chat.send('hi');
    await fake.say('half');
    const place = document.createElement('div');
    document.body.append(place);
    place.append(chat);
    await soon();
    expect(chat.messages.at(-1)?.state).not.toBe('stopped');
    chat.remove();
    await soon();
    expect(fake.isAborted()).toBe(true);
    expect(fake.watcherCount()).toBe(0);
    document.body.append(chat);
    await soon();
    expect(fake.watcherCount()).toBe(1);
    expect(chat.messages).toHaveLength(2);
  });

  it('marks all as private where the attribute says so', async () => {
    const fake = fakeNear();
    const { chat } = await mount(fake, { private: '' });
    void chat.send('hi');
    await fake.end();
    expect(fake.asked[0]?.call.privacy).toBe('local_only');
  });
});

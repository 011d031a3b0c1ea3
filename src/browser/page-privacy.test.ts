import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../chat/request.ts';
import { chatRequest } from './chat-request.ts';
import type { PrivacyOptions } from './near.ts';
import { openPageJudge, type PageJudge } from './page-judge.ts';
import { createPagePrivacy } from './page-privacy.ts';

const secretText = 'My IBAN is DE89 3704 0044 0532 0130 00.';
const request = (text: string, session?: string): ChatRequest =>
  chatRequest(text, session === undefined ? {} : { session }, true);

function memoryStorage(): {
  readonly texts: Map<string, string>;
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
} {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (name) => texts.get(name) ?? null,
    setItem: (name, text) => {
      texts.set(name, text);
    },
  };
}

function privacyWith(open: () => Promise<PageJudge>, options: PrivacyOptions = {}) {
  return createPagePrivacy({ options, isClosed: false, storage: null, open });
}

describe('what cannot be judged stays', () => {
  test('detectors that cannot be loaded, now and for the rest of the conversation', async () => {
    let isThere = false;
    const privacy = privacyWith(() =>
      isThere
        ? openPageJudge({}, null)
        : Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
    );
    const judged = await privacy.judge(request('Hello', 'one'));
    expect(judged).toMatchObject({ privacy: 'local_only', verdict: { detectors: ['scan.failed'] } });
    expect(privacy.fault).toMatch(/dynamically imported module/);
    isThere = true;
    expect((await privacy.judge(request('And now?', 'one'))).privacy).toBe('local_only');
    expect((await privacy.judge(request('Hello', 'two'))).privacy).toBe('open');
    expect(privacy.fault).toBeNull();
  });

  test('a judge that throws, or says nothing', async () => {
    const broken = (judge: PageJudge['judge']) =>
      privacyWith(() => Promise.resolve({ judge, remember: () => Promise.resolve() }));
    const throwing = broken(() => {
      throw new Error('broken');
    });
    expect((await throwing.judge(request('Hello'))).privacy).toBe('local_only');
    expect((await broken((one) => one).judge(request('Hello'))).privacy).toBe('local_only');
  });

  test('a page from which nothing leaves reads nothing', async () => {
    const privacy = createPagePrivacy({
      options: {},
      isClosed: true,
      storage: null,
      open: () => Promise.reject(new Error('must not be loaded')),
    });
    const one = request(secretText);
    expect(await privacy.judge(one)).toBe(one);
    await privacy.prepare();
  });
});

describe('conversations stay private', () => {
  test('across a reload and in another tab, by hashes that tell nothing', async () => {
    const storage = memoryStorage();
    const first = await openPageJudge({}, storage);
    const otherTab = await openPageJudge({}, storage);
    await first.judge(request(secretText, 'one'));
    expect((await otherTab.judge(request('And now?', 'one'))).privacy).toBe('local_only');
    const later = await openPageJudge({}, storage);
    expect((await later.judge(request('And now?', 'one'))).privacy).toBe('local_only');
    expect((await later.judge(request('And now?', 'two'))).privacy).toBe('open');
    expect([...storage.texts.values()].join()).not.toMatch(/DE89|one|IBAN/);
  });

  test('by its first answer, where it has no name', async () => {
    const storage = memoryStorage();
    const judge = await openPageJudge({}, storage);
    const asked = await judge.judge(request(secretText));
    await judge.remember(asked, 'Noted.');
    const later = await (
      await openPageJudge({}, storage)
    ).judge(
      chatRequest(
        [
          { role: 'user', content: secretText },
          { role: 'assistant', content: 'Noted.' },
          { role: 'user', content: 'And now?' },
        ],
        {},
        true,
      ),
    );
    expect(later.verdict?.reasons).toContain('session');
  });

  test('what stands in the storage may be nonsense, or forbidden', async () => {
    const storage = memoryStorage();
    storage.setItem('nearfar.tainted', 'x '.repeat(100));
    storage.setItem('nearfar.key', '<script>');
    expect((await (await openPageJudge({}, storage)).judge(request('Hello'))).privacy).toBe('open');
    const forbidden = {
      getItem: () => {
        throw new DOMException('no', 'SecurityError');
      },
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const judge = await openPageJudge({}, forbidden);
    await judge.judge(request(secretText, 'one'));
    expect((await judge.judge(request('And now?', 'one'))).privacy).toBe('local_only');
  });
});

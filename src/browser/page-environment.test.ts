import { expect, test, vi } from 'vitest';
import { pageEnvironment, type PageGlobals } from './page-environment.ts';

test('a browser that tells nothing is taken to be online, in front and plugged in', async () => {
  expect(await pageEnvironment({}).read()).toEqual({
    isOnline: true,
    isHidden: false,
    battery: null,
    savesData: false,
    storage: null,
  });
});

test('what the browser tells is read anew each time, and what fails or is late is null', async () => {
  const navigator = {
    onLine: false,
    connection: { saveData: true },
    storage: { estimate: () => Promise.resolve({ usage: 1, quota: 10 }) },
    getBattery: () => Promise.reject(new Error('not allowed')),
  };
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  const environment = pageEnvironment({ navigator, document });
  expect(await environment.read()).toEqual({
    isOnline: false,
    isHidden: true,
    battery: null,
    savesData: true,
    storage: { usedBytes: 1, quotaBytes: 10 },
  });
  document.visibilityState = 'visible';
  navigator.storage.estimate = () => new Promise(() => undefined);
  expect(await environment.read()).toMatchObject({ isHidden: false, storage: null });
});

test('changes are told until the end is asked for', async () => {
  const battery = Object.assign(new EventTarget(), { level: 0.5, charging: false });
  const page: PageGlobals & EventTarget = Object.assign(new EventTarget(), {
    navigator: { getBattery: () => Promise.resolve(battery) },
    document: new EventTarget(),
  });
  const environment = pageEnvironment(page);
  const listener = vi.fn();
  const end = environment.watch(listener);
  expect((await environment.read()).battery).toEqual({ level: 0.5, isCharging: false });
  page.dispatchEvent(new Event('offline'));
  page.document?.dispatchEvent(new Event('visibilitychange'));
  battery.dispatchEvent(new Event('levelchange'));
  expect(listener).toHaveBeenCalledTimes(3);
  end();
  await environment.read();
  page.dispatchEvent(new Event('online'));
  battery.dispatchEvent(new Event('levelchange'));
  expect(listener).toHaveBeenCalledTimes(3);
});

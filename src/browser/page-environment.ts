import type { DeviceFacts, Environment } from './environment.ts';

/** The Battery Status API, which Chromium has and others took out: https://w3c.github.io/battery/ */
interface BatteryManager extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}

/** What is read of a page; workers and Node have some of it. */
export interface PageGlobals {
  readonly navigator?: {
    readonly onLine?: boolean;
    readonly connection?: { readonly saveData?: boolean };
    readonly storage?: { estimate?(): Promise<{ readonly usage?: number; readonly quota?: number }> };
    getBattery?(): Promise<BatteryManager>;
  };
  readonly document?: EventTarget & { readonly visibilityState?: string };
  addEventListener?(name: string, listener: () => void): void;
  removeEventListener?(name: string, listener: () => void): void;
}

/** Milliseconds that a request waits for what the browser tells: some answer late, or never. */
const patienceMs = 200;

/** The browser's own facts. What it has not, or fails to tell, is null. */
export function pageEnvironment(page: PageGlobals = globalThis): Environment {
  let battery: Promise<BatteryManager | null> | null = null;
  const openBattery = (): Promise<BatteryManager | null> => {
    battery ??= Promise.resolve(page.navigator?.getBattery?.() ?? null).catch(() => null);
    return battery;
  };

  return {
    async read(): Promise<DeviceFacts> {
      const { navigator, document } = page;
      const [power, estimate] = await Promise.all([
        inTime(openBattery()),
        inTime(Promise.resolve(navigator?.storage?.estimate?.() ?? null)),
      ]);
      return {
        isOnline: navigator?.onLine !== false,
        isHidden: document?.visibilityState === 'hidden',
        battery: power === null ? null : { level: power.level, isCharging: power.charging },
        savesData: navigator?.connection?.saveData === true,
        storage:
          estimate?.usage === undefined || estimate.quota === undefined
            ? null
            : { usedBytes: estimate.usage, quotaBytes: estimate.quota },
      };
    },
    watch(listener) {
      page.addEventListener?.('online', listener);
      page.addEventListener?.('offline', listener);
      page.document?.addEventListener('visibilitychange', listener);
      let isWatching = true;
      void openBattery().then((power) => {
        if (!isWatching) return;
        power?.addEventListener('levelchange', listener);
        power?.addEventListener('chargingchange', listener);
      });
      return () => {
        isWatching = false;
        page.removeEventListener?.('online', listener);
        page.removeEventListener?.('offline', listener);
        page.document?.removeEventListener('visibilitychange', listener);
        void openBattery().then((power) => {
          power?.removeEventListener('levelchange', listener);
          power?.removeEventListener('chargingchange', listener);
        });
      };
    },
  };
}

async function inTime<Value>(promise: Promise<Value>): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

import type { DeviceFacts, Environment } from '../browser/environment.ts';

/**
 * What the app knows of the device, from the packages that it has. All of it may be left out: what nobody tells counts as good
 * (online, in front, plugged in), and decides nothing.
 */
export interface NativeDevice {
  /** E.g. `async () => (await NetInfo.fetch()).isInternetReachable !== false`, of `@react-native-community/netinfo`. */
  readonly isOnline?: () => boolean | Promise<boolean>;
  /** React Native's own `AppState`. */
  readonly appState?: {
    readonly currentState: string | null;
    addEventListener(type: 'change', listener: () => void): { remove(): void };
  };
  /** E.g. by `expo-battery`. `level` 0-1. */
  readonly battery?: () => Promise<DeviceFacts['battery']>;
  /** The user asked for less data (Android's data saver, iOS's low data mode), e.g. by NetInfo's `isConnectionExpensive`. */
  readonly savesData?: () => boolean | Promise<boolean>;
  /** Bytes of the device's storage, e.g. by `expo-file-system`. */
  readonly storage?: () => Promise<DeviceFacts['storage']>;
  /** Tells of changes of the above. @returns what ends it */
  readonly watch?: (listener: () => void) => () => void;
}

/** The facts that the policy reads, from an app's packages. What throws or hangs is as if it were not there. */
export function nativeEnvironment(device: NativeDevice = {}): Environment {
  return {
    async read() {
      const [isOnline, battery, savesData, storage] = await Promise.all([
        told(device.isOnline, true),
        told(device.battery, null),
        told(device.savesData, false),
        told(device.storage, null),
      ]);
      const state = device.appState?.currentState;
      return {
        isOnline,
        // `inactive` is a moment: a call that rings, the switcher of apps.
        isHidden: state === 'background',
        battery,
        savesData,
        storage,
      };
    },
    watch(listener) {
      const end = device.watch?.(listener);
      const subscription = device.appState?.addEventListener('change', listener);
      return () => {
        end?.();
        subscription?.remove();
      };
    },
  };
}

/** Milliseconds that a request waits for what a package tells. */
const patienceMs = 200;

async function told<Value>(
  ask: (() => Value | Promise<Value>) | undefined,
  otherwise: Value,
): Promise<Value> {
  if (ask === undefined) return otherwise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(() => {
      resolve(otherwise);
    }, patienceMs);
  });
  try {
    return await Promise.race([Promise.resolve(ask()), late]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}

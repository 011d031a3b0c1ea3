import path from 'node:path';
import type { Capture } from '../capture/capture.ts';
import type { LoadedSettings } from '../config/load.ts';

export interface OpenCapture {
  readonly capture: Capture;
  readonly close: () => Promise<void>;
}

const dayMs = 86_400_000;
/** How often old texts are looked for. */
const trimMs = 10 * 60_000;

/** Where prompts and answers are kept. */
export function capturedFile({ settings, home }: LoadedSettings): string {
  return path.resolve(home, settings.capturePath ?? 'captured.sqlite');
}

/**
 * What keeps prompts and answers, as the settings say; null where they say off.
 * @param secrets that must not be kept
 * @throws NearfarError where the file cannot be opened
 */
export async function openCapture(
  loaded: LoadedSettings,
  secrets: readonly string[],
  warn: (message: string, cause?: unknown) => void,
): Promise<OpenCapture | null> {
  const { capture: mode, captureSampleRate, captureMaxAgeDays, captureMaxBytes } = loaded.settings;
  if (mode === 'off') return null;
  const { openCapturedStore } = await import('../capture/captured-store.ts');
  const { createCapture } = await import('../capture/capture.ts');
  const { createRedactWhole } = await import('../observe/redact.ts');
  const store = await openCapturedStore(capturedFile(loaded));
  const trim = async (): Promise<void> => {
    try {
      await store.trim({
        oldestAt: Date.now() - captureMaxAgeDays * dayMs,
        byteLimit: captureMaxBytes,
      });
    } catch (thrown) {
      warn('Old prompts and answers cannot be removed.', thrown);
    }
  };
  await trim();
  const timer = setInterval(() => void trim(), trimMs);
  timer.unref();
  const capture = createCapture({
    store,
    sampleRate: mode === 'all' ? 1 : captureSampleRate,
    redact: createRedactWhole(secrets),
    warn,
    random: Math.random,
  });
  return {
    capture,
    async close() {
      clearInterval(timer);
      await capture.close();
      await trim();
      await store.close();
    },
  };
}

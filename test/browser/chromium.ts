import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const places = [process.env['NEARFAR_TEST_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'];
const program = places.find((place) => place !== '' && existsSync(place)) ?? null;

/** Why tests in a real browser cannot run here; null where they can. */
export const chromiumMissing: string | null =
  program === null ? 'Chromium is not installed (Debian: apt-get install chromium)' : null;

/**
 * A headless Chromium. WebGPU is there as SwiftShader computes it, in software; nothing is asked of anybody outside.
 * @throws Error where there is none
 */
export async function startChromium(): Promise<Browser> {
  if (program === null) throw new Error(chromiumMissing ?? '');
  return chromium.launch({
    executablePath: program,
    headless: true,
    args: [
      // Root has no sandbox; the pages are ours.
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
    ],
  });
}

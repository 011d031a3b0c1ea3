import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';

const places = [process.env['NEARFAR_TEST_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'];
const program = places.find((place) => place !== '' && existsSync(place)) ?? null;

/** Why tests in a real browser cannot run here; null where they can. */
export const chromiumMissing: string | null =
  program === null ? 'Chromium is not installed (Debian: apt-get install chromium)' : null;

const settings = {
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
};

/**
 * A headless Chromium. WebGPU is there as SwiftShader computes it, in software; nothing is asked of anybody outside.
 * @throws Error where there is none
 */
export async function startChromium(): Promise<Browser> {
  return chromium.launch({ ...settings, executablePath: required() });
}

/** The same with a profile on disk. @param profile an empty folder, absolute */
export async function startWithProfile(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { ...settings, executablePath: required() });
}

/** The same with a browser extension in it. @param extension folder of its manifest, absolute */
export async function startWithExtension(profile: string, extension: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    ...settings,
    executablePath: required(),
    args: [...settings.args, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
  });
}

function required(): string {
  if (program === null) throw new Error(chromiumMissing ?? '');
  return program;
}

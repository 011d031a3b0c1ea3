import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';

const places = [process.env['NEARFAR_TEST_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'];
const program = places.find((place) => place !== '' && existsSync(place)) ?? null;

/** Why tests in a real browser cannot run here; null where they can. */
export const chromiumMissing: string | null =
  program === null ? 'Chromium is not installed (Debian: apt-get install chromium)' : null;

const args = [
  // Root has no sandbox; the pages are ours.
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

/**
 * A headless Chromium. WebGPU is there as SwiftShader computes it, in software; nothing is asked of anybody outside.
 * @throws Error where there is none
 */
export async function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: found(), headless: true, args });
}

/** A headless Chromium with an extension in it, and the address of the extension's own pages. @throws Error */
export async function startWithExtension(folder: string): Promise<{
  readonly context: BrowserContext;
  /** E.g. `chrome-extension://…/`. */
  readonly url: string;
  close(): Promise<void>;
}> {
  const profile = await mkdtemp(join(tmpdir(), 'nearfar-profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: found(),
    // Playwright's own headless is the old one, which knows no extensions.
    headless: false,
    args: [
      ...args,
      '--headless=new',
      `--load-extension=${folder}`,
      `--disable-extensions-except=${folder}`,
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
    ],
    ignoreDefaultArgs: ['--disable-extensions'],
  });
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  return {
    context,
    url: new URL('/', worker.url()).href,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function found(): string {
  if (program === null) throw new Error(chromiumMissing ?? '');
  return program;
}

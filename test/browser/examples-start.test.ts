import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** The command that docs/browser-examples.md names. */

const program = path.resolve(import.meta.dirname, '../../examples/start.ts');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nearfar-start-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(...args: string[]): {
  readonly line: (has: string) => Promise<string>;
  readonly end: Promise<{ readonly code: number | null; readonly text: string }>;
  stop(): void;
} {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of heard) look();
    });
  }
  return {
    line: (has) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = text.split('\n').find((line) => line.includes(has));
          if (found !== undefined) resolve(found);
        };
        heard.add(look);
        child.once('exit', () => {
          reject(new Error(text));
        });
        look();
      }),
    end: new Promise((resolve) => {
      child.once('close', (code) => {
        resolve({ code, text });
      });
    }),
    stop: () => {
      child.kill();
    },
  };
}

describe('node examples/start.ts', () => {
  it('builds and serves the page, isolated, with a policy, and nothing outside its folder', async () => {
    const site = path.join(folder, 'site');
    const running = start(
      'page',
      '--port',
      '0',
      '--gateway',
      'http://localhost:4242/v1',
      '--model',
      'm',
      '--out',
      site,
    );
    const address = await running.line('http://localhost:');
    expect(address).toContain('?gateway=http%3A%2F%2Flocalhost%3A4242%2Fv1&model=m');
    const origin = new URL(address).origin.replace('localhost', '127.0.0.1');
    const page = await fetch(`${origin}/`);
    expect(await page.text()).toContain('<nearfar-chat');
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self' http://localhost:4242");
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    for (const outside of ['/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc%2fpasswd', '/none.js', '/%']) {
      expect((await fetch(`${origin}${outside}`)).ok).toBe(false);
    }
    expect((await fetch(`${origin}/`, { method: 'POST' })).status).toBe(404);
    running.stop();
    await running.end;
  }, 60_000);

  it('builds the extension', async () => {
    const out = path.join(folder, 'extension');
    const { code, text } = await start('extension', '--out', out).end;
    expect(code).toBe(0);
    expect(text).toContain(out);
    for (const file of ['manifest.json', 'panel.html', 'panel.js', 'background.js']) {
      expect(existsSync(path.join(out, file)), file).toBe(true);
    }
  }, 60_000);

  it('says what is wrong with what it is given', async () => {
    expect(await start('--help').end).toMatchObject({
      code: 0,
      text: expect.stringContaining('--gateway') as string,
    });
    const wrong: readonly (readonly string[])[] = [
      [],
      ['other'],
      ['page', '--port', 'x'],
      ['page', '--gateway', 'nowhere'],
      ['page', '--what'],
    ];
    const ends = await Promise.all(wrong.map((args) => start(...args).end));
    expect(ends.map(({ code }) => code)).toEqual(wrong.map(() => 2));
    expect(ends[2]?.text).toContain('--port x');
  }, 60_000);
});

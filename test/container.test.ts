import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { settingLeaves, environmentName } from '../src/config/schema.ts';

/** The image is built where there is something to build it with; elsewhere only its text is checked. */

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '..');

async function findBuilder(): Promise<string | null> {
  for (const name of ['docker', 'podman', 'buildah']) {
    try {
      await run(name, ['info'], { timeout: 10_000 });
      return name;
    } catch {
      // Not there, or without its daemon.
    }
  }
  return null;
}

const builder = await findBuilder();
if (builder === null)
  console.log('The container image is not built: no docker, podman or buildah works here.');

describe('the container', () => {
  it('sets variables that are settings, and copies files that exist', () => {
    const text = readFileSync(path.join(repository, 'Dockerfile'), 'utf8');
    const known = new Set([...settingLeaves().map((leaf) => environmentName(leaf.path)), 'NEARFAR_HOME']);
    const set = [...text.matchAll(/^(?:ENV| {3}) (NEARFAR_\w+)=/gm)].map((match) => match[1]);
    expect(set).toContain('NEARFAR_HOST');
    expect(set.filter((name) => !known.has(name ?? ''))).toEqual([]);
    const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' '),
    );
    for (const name of copied) expect(() => readFileSync(path.join(repository, name))).not.toThrow(/ENOENT/);
  });

  it.skipIf(builder === null)(
    'builds, and its program starts',
    async () => {
      const tag = `nearfar-test-${process.pid}`;
      const program = builder ?? '';
      try {
        const build = program === 'buildah' ? ['bud', '-t', tag, '.'] : ['build', '-t', tag, '.'];
        await run(program, build, { cwd: repository, maxBuffer: 64 * 1024 * 1024 });
        if (program === 'buildah') return;
        const { stdout } = await run(program, ['run', '--rm', tag, '--version']);
        expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      } finally {
        await run(program, ['rmi', '-f', tag]).catch(() => undefined);
      }
    },
    900_000,
  );
});

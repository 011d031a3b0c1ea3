import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newcomerEnvironment } from './program.ts';

/** The package as it would be published: packed, installed elsewhere, run by its name. */

const repository = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let folder: string;
let project: string;
let packed: string;
let packedFiles: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-package-'));
  project = path.join(folder, 'project');
  mkdirSync(project);
  packed = await pack();
  await install();
}, 240_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Packs a copy of what git would check out plus what is being worked on, so that nobody's `dist` is touched. */
async function pack(): Promise<string> {
  const copy = path.join(folder, 'copy');
  mkdirSync(copy);
  for (const name of ['src', 'bin', 'docs', ...rootFiles()]) {
    await run('cp', ['-R', path.join(repository, name), path.join(copy, name)]);
  }
  symlinkSync(path.join(repository, 'node_modules'), path.join(copy, 'node_modules'));
  // npm's scripts need Node 24, which is on their path as in every clone.
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: copy,
    env: newcomerEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
  const [entry] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  packedFiles = entry.files.map((file) => file.path);
  return path.join(folder, entry.filename);
}

function rootFiles(): readonly string[] {
  return readdirSync(repository).filter((name) =>
    /^(package\.json|tsconfig.*\.json|[A-Z]+(\.md)?|\.npmrc)$/.test(name),
  );
}

/** As a user does; npm's own cache is used where it has what is needed. */
async function install(): Promise<void> {
  writeFileSync(path.join(project, 'package.json'), '{"name":"project","private":true,"type":"module"}\n');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', packed], {
    cwd: project,
    env: newcomerEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** `npx nearfar ARGS` in the project, on the Node of this checkout. */
async function nearfar(...args: string[]): Promise<string> {
  const environment = newcomerEnvironment();
  const { stdout } = await run('npx', ['--no-install', 'nearfar', ...args], {
    cwd: project,
    env: {
      ...environment,
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${environment['PATH'] ?? ''}`,
      NEARFAR_HOME: path.join(folder, 'home'),
    },
  });
  return stdout;
}

describe('the package', () => {
  it('holds the compiled program and its papers, and no sources, tests or fixtures', () => {
    const needed = [
      'bin/nearfar.mjs',
      'dist/cli/main.js',
      'dist/index.d.ts',
      'dist/browser/index.js',
      'dist/browser/index.d.ts',
      'dist/browser/detectors.js',
      'dist/plan/index.d.ts',
      'dist/engine/child.js',
      'LICENSE',
      'NOTICE',
    ];
    expect(packedFiles).toEqual(expect.arrayContaining([...needed, 'README.md', 'CHANGELOG.md']));
    const strays = packedFiles.filter((file) =>
      /(^src\/|\.test\.|fakes?\.|fixtures\/|testing\/|^test\/|^bench\/)/.test(file),
    );
    expect(strays).toEqual([]);
  });

  it('runs by its name: version, help, settings, models', async () => {
    const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect((await nearfar('--version')).trim()).toBe(version);
    expect(await nearfar('--help')).toMatch(/^ {2}serve /m);
    expect(await nearfar('config', 'check')).toContain('good');
    expect(JSON.parse(await nearfar('models', '--catalog', '--json'))).toContainEqual(
      expect.objectContaining({ id: 'smollm2-135m-instruct' }),
    );
  }, 60_000);

  it('loads the inference library from the compiled program', async () => {
    const report = JSON.parse(await nearfar('doctor', '--no-model', '--json')) as {
      library: { backend?: string };
    };
    expect(report.library.backend).toEqual(expect.any(String));
  }, 60_000);

  it('can be imported, and names what it exports', async () => {
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', "console.log(Object.keys(await import('nearfar')).sort().join())"],
      { cwd: project },
    );
    expect(stdout.trim()).toBe('composeGateway,loadSettings');
  }, 30_000);

  it('has an entry for pages, which answers without a gateway or says why not', async () => {
    const script =
      "const { createNear } = await import('nearfar/browser');" +
      'const near = createNear();' +
      'const { backends } = await near.status();' +
      "const why = await near.chat('Hello').catch((error) => error.kind);" +
      'console.log(JSON.stringify([backends[0].name, backends[0].availability.state, why]))';
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
    expect(JSON.parse(stdout)).toEqual(['built-in', 'unavailable', 'unavailable']);
  }, 30_000);

  it('has the parts for pages and apps, each importable without a page, React or a phone', async () => {
    const script =
      "const element = await import('nearfar/element');" +
      "const native = await import('nearfar/native');" +
      "const react = await import('nearfar/react').then(() => 'there', (error) => error.code);" +
      'console.log(JSON.stringify([Object.keys(element).sort(), Object.keys(native).sort(), react]))';
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
    const [element, native, react] = JSON.parse(stdout) as [string[], string[], string];
    expect(element).toEqual(
      expect.arrayContaining(['NearfarChat', 'createConversation', 'defineNearfarChat']),
    );
    expect(native).toEqual(
      expect.arrayContaining(['createNear', 'foundationModels', 'geminiNano', 'llamaRn', 'nativeBackend']),
    );
    // An optional peer: nothing else needs it.
    expect(react).toBe('ERR_MODULE_NOT_FOUND');
  }, 30_000);

  it('plans without a gateway: nearfar/plan', async () => {
    const program = [
      "import { searchSetUps, usualQuestion, rentedOffers, guideRows } from 'nearfar/plan';",
      'const { setUps } = searchSetUps({ ...usualQuestion, offers: rentedOffers() });',
      'console.log(JSON.stringify([setUps.length, setUps[0].near.engine.name, guideRows.length > 60]));',
    ].join('\n');
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: project });
    expect(JSON.parse(stdout)).toEqual([3, expect.any(String), true]);
  }, 30_000);
});

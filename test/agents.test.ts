import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { installOnce, installWith, plainEnvironment, type Installed } from '../bench/installed.ts';
import { fakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { scriptedAnswer, type Turn } from './scripted-upstream.ts';

/**
 * Real agents edit a file through the gateway, whose upstream answers by a script: `npm run test:agents`. They are
 * installed outside the repository (1.3 GB) and run without secrets and without a network.
 */
const isAsked = process.env['NEARFAR_TEST_AGENTS'] === '1';

const task = 'Fix the typo in note.txt.';
const installs: Readonly<Record<'npm' | 'aider', Installed>> = {
  npm: {
    name: 'agents',
    version: '1',
    async install(folder) {
      for (const name of ['package.json', 'package-lock.json'])
        copyFileSync(new URL(`agents/${name}`, import.meta.url), join(folder, name));
      await installWith('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
    },
  },
  aider: {
    name: 'aider',
    // All that it depends on is pinned in its own metadata.
    version: '0.86.2',
    async install(folder) {
      await installWith('python3', ['-m', 'venv', join(folder, 'venv')], folder);
      const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'aider-chat==0.86.2'];
      await installWith(join(folder, 'venv/bin/python'), args, folder);
    },
  },
};

let upstream: FakeUpstream;
let far: FarGateway;
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'nearfar-agent-'));
  mkdirSync(join(work, 'home'));
  writeFileSync(join(work, 'note.txt'), 'hello wrold\n');
  return () => {
    rmSync(work, { recursive: true, force: true });
  };
});

async function run(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  script: readonly Turn[],
) {
  upstream.arrived.length = 0;
  upstream.respond = scriptedAnswer(script);
  const rowCount = (await far.rows()).length;
  const child = promisify(execFile)(file, args, {
    cwd: work,
    env: { ...plainEnvironment(join(work, 'home')), ...environment },
    timeout: 110_000,
  });
  child.child.stdin?.end();
  const { stdout, stderr } = await child.catch(
    (error: unknown) => error as Record<'stdout' | 'stderr', string>,
  );
  expect(readFileSync(join(work, 'note.txt'), 'utf8'), stdout + stderr).toBe('hello world\n');
  const rows = (await far.rows()).slice(0, -rowCount || undefined);
  expect(rows.length).toBe(upstream.arrived.length);
  expect(rows.length).toBeGreaterThanOrEqual(script.length);
  for (const row of rows) {
    expect(row).toMatchObject({ status: 200, isMeasured: true });
    expect(['stop', 'tool_calls']).toContain(row.finish);
  }
}

describe.skipIf(!isAsked)('an agent edits a file through the gateway', { timeout: 120_000 }, () => {
  let npmFolder: string;
  let aiderFolder: string;

  beforeAll(async () => {
    const parent = join(process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar'), 'peers');
    const say = (text: string): void => void process.stderr.write(`${text}\n`);
    npmFolder = await installOnce(installs.npm, parent, say);
    aiderFolder = await installOnce(installs.aider, parent, say);
    upstream = await fakeUpstream(() => undefined);
    const baseUrl = `${upstream.url}/v1`;
    far = await farGateway({
      logLevel: 'error',
      upstreams: [
        { name: 'claude', protocol: 'anthropic', baseUrl: upstream.url, models: ['clever'] },
        { name: 'open', baseUrl, models: ['clever'] },
        { name: 'answers', protocol: 'openai-responses', baseUrl, models: ['clever'] },
      ],
    });
  }, 900_000);
  afterAll(async () => {
    await far.close();
    await upstream.close();
  });

  it.each(['claude', 'open', 'answers'])('Claude Code, by an upstream like %s', async (name) => {
    const file_path = join(work, 'note.txt');
    await run(
      join(npmFolder, `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`),
      ['-p', task, '--permission-mode', 'acceptEdits'],
      {
        ANTHROPIC_BASE_URL: far.url,
        ANTHROPIC_AUTH_TOKEN: 'none',
        ANTHROPIC_MODEL: `${name}/clever`,
        ANTHROPIC_SMALL_FAST_MODEL: `${name}/clever`,
        // Without it: fields that only Anthropic knows. See docs/agents.md.
        ...(name === 'claude' ? {} : { CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS: '1' }),
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
      },
      [
        { tool: 'Read', arguments: { file_path } },
        { tool: 'Edit', arguments: { file_path, old_string: 'wrold', new_string: 'world' } },
        { text: 'The typo is fixed.' },
      ],
    );
  });

  it.each(['claude', 'open', 'answers'])('Codex, by an upstream like %s', async (name) => {
    const provider = `{ name = "nearfar", base_url = "${far.url}/v1", wire_api = "responses" }`;
    await run(
      join(npmFolder, 'node_modules/.bin/codex'),
      [
        ...['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'],
        ...['-m', `${name}/clever`, '-c', 'model_provider="nearfar"'],
        // Without them: tools that only OpenAI runs. See docs/agents.md.
        ...(name === 'answers' ? [] : ['-c', 'features.multi_agent=false', '-c', 'web_search="disabled"']),
        ...['-c', `model_providers.nearfar=${provider}`, task],
      ],
      {},
      [
        { tool: 'exec_command', arguments: { cmd: 'sed -i s/wrold/world/ note.txt' } },
        { text: 'The typo is fixed.' },
      ],
    );
  });

  it.each(['claude', 'open', 'answers'])('aider, by an upstream like %s', async (name) => {
    const edit = 'note.txt\n```\n<<<<<<< SEARCH\nhello wrold\n=======\nhello world\n>>>>>>> REPLACE\n```\n';
    await run(
      join(aiderFolder, 'venv/bin/aider'),
      [
        ...['--model', `openai/${name}/clever`, '--message', task, '--edit-format', 'diff', '--no-git'],
        ...['--yes-always', '--no-check-update', '--no-show-model-warnings', '--no-analytics', 'note.txt'],
      ],
      {
        OPENAI_API_BASE: `${far.url}/v1`,
        OPENAI_API_KEY: 'none',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      },
      [{ text: `Here is the edit.\n\n${edit}` }],
    );
  });
});

import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** `npm run test:agents`: the tests of real agents, which install them first. Further arguments go to vitest. */
const vitest = new URL('../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/agents.test.ts', ...process.argv.slice(2)],
  {
    cwd: new URL('..', import.meta.url).pathname,
    env: { ...process.env, NEARFAR_TEST_AGENTS: '1' },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;

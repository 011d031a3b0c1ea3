import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { fakeChildPath, loadOptions } from '../../test/fixtures/engine-requests.ts';

const gatewayPath = fileURLToPath(new URL('../../test/fixtures/gateway-to-kill.ts', import.meta.url));

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

it.each(['one FOREVER', 'HANG'])('leaves no orphan behind a killed gateway (%s)', async (prompt) => {
  const gateway = spawn(
    process.execPath,
    [gatewayPath, fakeChildPath, JSON.stringify(loadOptions()), prompt],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
  const childId = Number(line.toString());
  expect(isAlive(childId)).toBe(true);
  gateway.kill('SIGKILL');
  // Bounded by the test's own timeout.
  while (isAlive(childId)) await sleep(20);
});

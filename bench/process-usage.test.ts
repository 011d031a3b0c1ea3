import { existsSync } from 'node:fs';
import process from 'node:process';
import { expect, it } from 'vitest';
import { processUsage } from './process-usage.ts';

it.skipIf(!existsSync('/proc/self/stat'))('knows what a process has used', async () => {
  const { residentBytes } = await processUsage(process.pid);
  expect(residentBytes / process.memoryUsage().rss).toBeGreaterThan(0.5);
  expect(residentBytes / process.memoryUsage().rss).toBeLessThan(2);
  const before = await processUsage(process.pid);
  const until = process.cpuUsage().user + 60_000;
  while (process.cpuUsage().user < until) Math.sqrt(until);
  expect((await processUsage(process.pid)).cpuSeconds - before.cpuSeconds).toBeGreaterThanOrEqual(0.03);
  await expect(processUsage(2 ** 30)).rejects.toThrow(/is gone/);
});

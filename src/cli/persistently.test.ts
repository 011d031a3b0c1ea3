import { expect, it } from 'vitest';
import { persistently } from './persistently.ts';

it('waits for a lock, and for nothing else', async () => {
  let tries = 0;
  const act = () => (++tries < 3 ? Promise.reject(new Error('database is locked')) : Promise.resolve(tries));
  expect(await persistently(act)).toBe(3);
  tries = 0;
  const broken = () => Promise.reject(new Error(`disk I/O error ${++tries}`));
  await expect(persistently(broken)).rejects.toThrow('disk I/O error 1');
});

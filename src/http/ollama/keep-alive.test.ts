import { expect, it } from 'vitest';
import { keepAliveSeconds } from './keep-alive.ts';

it.each([
  [300, 300],
  [0, 0],
  [-1, -1],
  [-300, -1],
  ['5m', 300],
  ['1h30m', 5400],
  ['1.5s', 1.5],
  ['250ms', 0.25],
  ['-1', -1],
  ['-1m', -1],
  ['0', 0],
  ['', null],
  ['soon', null],
  ['5 minutes', null],
  ['m5', null],
])('keep_alive %j is %j seconds', (value, seconds) => {
  expect(keepAliveSeconds(value)).toBe(seconds);
});

import { expect, test } from 'vitest';
import { createRequestId } from './request-id.ts';

test('ids of requests are unlike, of one length, and in the order of their times', () => {
  const times = Array.from({ length: 1000 }, (_, index) => Date.UTC(2026, 10, 25) + Math.floor(index / 10));
  const ids = times.map((time) => createRequestId(time));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/);
  const firstOfEach = ids.filter((_, index) => index % 10 === 0);
  expect(firstOfEach.toSorted()).toEqual(firstOfEach);
});

import { expect, it } from 'vitest';
import { needOf } from '../../test/fixtures/engine-requests.ts';
import { createModelShare, extraBytesOf } from './model-share.ts';

it('sets each context aside once, and gives that of closed windows back', () => {
  let time = 0;
  const need = needOf(100, 20, 7);
  const share = createModelShare(need, 'answer', () => time);
  expect(share.bytes).toBe(100);
  expect([share.extraBytes('embed'), share.extraBytes('sinks'), share.extraBytes('answer')]).toEqual([
    20, 7, 0,
  ]);
  share.add('embed');
  share.add('sinks');
  share.add('sinks');
  expect(share.bytes).toBe(127);
  expect(share.extraBytes('sinks')).toBe(0);

  const release = share.hold('sinks');
  time = 10_000;
  share.reclaim(0);
  // Somebody streams, or is about to.
  expect(share.bytes).toBe(127);
  release();
  share.reclaim(0);
  // The child's last word may be older than the release.
  expect(share.bytes).toBe(127);
  time = 20_000;
  share.reclaim(8_192);
  share.reclaim(null);
  expect(share.bytes).toBe(127);
  share.reclaim(0);
  expect(share.bytes).toBe(120);
  expect(share.extraBytes('sinks')).toBe(7);
  expect(extraBytesOf(need, 'embed')).toBe(20);
});

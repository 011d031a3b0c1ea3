import { describe, expect, it } from 'vitest';

import { parseContentRange, retryAfterMs } from './download.ts';

describe('headers', () => {
  it('reads Content-Range', () => {
    expect(parseContentRange('bytes 5-9/10')).toEqual({ start: 5, total: 10 });
    expect(parseContentRange('bytes 5-9/*')).toEqual({ start: 5, total: null });
    expect(parseContentRange('bytes */10')).toEqual({ start: null, total: 10 });
    expect(parseContentRange('items 5-9/10')).toBeNull();
    expect(parseContentRange(null)).toBeNull();
  });

  it('reads Retry-After, bounded', () => {
    expect(retryAfterMs('2', 0)).toBe(2000);
    expect(retryAfterMs('99999', 0)).toBe(30_000);
    expect(retryAfterMs(new Date(5000).toUTCString(), 1000)).toBe(4000);
    expect(retryAfterMs('soon', 0)).toBeNull();
    expect(retryAfterMs(null, 0)).toBeNull();
  });
});

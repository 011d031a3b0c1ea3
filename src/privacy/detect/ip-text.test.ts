import net from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isIPv4, isIPv6 } from './ip-text.ts';

test('addresses are those of node:net', () => {
  const like = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^(?:[0-9a-f]{0,5}:){0,8}[0-9a-f]{0,4}$/),
    fc.stringMatching(/^(?:[0-9a-f]{1,4}:){1,7}:?(?:\d{1,3}\.){3}\d{1,3}$/),
    fc.stringMatching(/^(?:\d{1,4}\.){3,4}\d{1,3}$/),
    fc.constantFrom(
      '::',
      '::1',
      '1::',
      '1:2:3:4:5:6:7::',
      '1:2:3:4:5:6:7:8::',
      ':1',
      '1:',
      ':::',
      '::1.2.3.4',
      '01.2.3.4',
    ),
  );
  fc.assert(
    fc.property(like, (text) => {
      expect([text, isIPv4(text), isIPv6(text)]).toEqual([text, net.isIPv4(text), net.isIPv6(text)]);
    }),
    { numRuns: 3000 },
  );
});

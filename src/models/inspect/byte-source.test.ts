import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceOfBytes } from './byte-source.ts';

const bytes = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 2_654_435_761) >>> 24);
const read = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

describe('a file that is read in pieces', () => {
  it('gives what lies there, at the seams of its pieces too', () => {
    const source = sourceOfBytes(bytes);
    const seam = fc.integer({ min: 1, max: 70 }).map((index) => index * 64 * 1024);
    const place = fc.tuple(seam, fc.integer({ min: -40, max: 40 }), fc.integer({ min: 0, max: 200_000 }));
    fc.assert(
      fc.property(place, ([near, offset, length]) => {
        const at = near + offset;
        expect(Buffer.compare(read(source.view(at, length)), bytes.subarray(at, at + length))).toBe(0);
      }),
    );
  });

  it('may be read in turns at places that lie apart: a list here, what it points at there', () => {
    const source = sourceOfBytes(bytes);
    for (let turn = 0; turn < 30_000; turn++) {
      const far = 4_900_000 - 3 * turn;
      expect(source.view(2 * turn, 2).getUint8(0)).toBe(bytes[2 * turn]);
      expect(source.view(far, 4).getUint8(0)).toBe(bytes[far]);
    }
  });

  it('ends where it ends', () => {
    const source = sourceOfBytes(bytes);
    expect(() => source.view(bytes.length - 1, 2)).toThrow('it is cut off');
    expect(() => source.view(-1, 2)).toThrow('out of range');
  });
});

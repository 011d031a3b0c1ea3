import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSequenceRanges } from './sequence-ranges.ts';

const sequenceCount = 3;

type Operation =
  | { readonly kind: 'append'; readonly sequence: number; readonly position: number }
  | { readonly kind: 'settle'; readonly isDecoded: boolean }
  | {
      readonly kind: 'copy';
      readonly source: number;
      readonly destination: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'remove'; readonly sequence: number; readonly from: number; readonly to: number };

const id = fc.nat({ max: sequenceCount - 1 });
const position = fc.integer({ min: -1, max: 8 });
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), sequence: id, position }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), isDecoded: fc.boolean() }) },
    fc.record({
      kind: fc.constant('copy' as const),
      source: id,
      destination: id,
      from: position,
      to: position,
    }),
    fc.record({ kind: fc.constant('remove' as const), sequence: id, from: position, to: position }),
  ),
  { maxLength: 60 },
);

describe('sequence ranges', () => {
  it('agree with plain sets of positions, or refuse and change nothing', () => {
    fc.assert(
      fc.property(operations, (list) => {
        const ranges = createSequenceRanges(sequenceCount);
        const held = Array.from({ length: sequenceCount }, () => new Set<number>());
        const pending = Array.from({ length: sequenceCount }, () => new Set<number>());
        const isIn = (from: number, to: number) => (value: number) =>
          value >= Math.max(0, from) && (to < 0 || value < to);
        for (const operation of list) {
          try {
            switch (operation.kind) {
              case 'append':
                ranges.append(operation.sequence, operation.position);
                pending[operation.sequence]!.add(operation.position);
                break;
              case 'settle':
                ranges.settle(operation.isDecoded);
                pending.forEach((positions, sequence) => {
                  if (operation.isDecoded) for (const value of positions) held[sequence]!.add(value);
                  positions.clear();
                });
                break;
              case 'copy':
                ranges.copy(operation.source, operation.destination, operation.from, operation.to);
                for (const value of [...held[operation.source]!].filter(isIn(operation.from, operation.to))) {
                  // No position twice: libllama would keep both cells.
                  expect(held[operation.destination]!.has(value)).toBe(false);
                  held[operation.destination]!.add(value);
                }
                break;
              case 'remove':
                ranges.remove(operation.sequence, operation.from, operation.to);
                for (const value of [...held[operation.sequence]!].filter(
                  isIn(operation.from, operation.to),
                )) {
                  held[operation.sequence]!.delete(value);
                }
            }
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
          held.forEach((positions, sequence) => {
            const { from, to } = ranges.held(sequence);
            const expected = Array.from({ length: to - from }, (_, index) => from + index);
            expect([...positions].sort((a, b) => a - b)).toEqual(expected);
          });
        }
      }),
    );
  });

  it('name what they expected', () => {
    const ranges = createSequenceRanges(2);
    expect(() => {
      ranges.append(2, 0);
    }).toThrow('Sequence 2 is not in 0..1.');
    expect(() => {
      ranges.append(0, 3);
    }).toThrow('Sequence 0 continues at position 0, not 3.');
  });
});

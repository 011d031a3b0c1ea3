import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createBaseWriter, openBase } from './base-logits.ts';
import { compareRow, encodeRow, rowLength } from './divergence.ts';

const row = fc
  .array(fc.float({ min: -12, max: 12, noNaN: true }), { minLength: 2, maxLength: 60 })
  .map((values) => Float32Array.from(values));

function probabilities(logits: Float32Array): number[] {
  const highest = Math.max(...logits);
  const sum = logits.reduce((total, value) => total + Math.exp(value - highest), 0);
  return [...logits].map((value) => Math.exp(value - highest) / sum);
}

it('is the sum of p ln(p / q) over the words', () => {
  fc.assert(
    fc.property(
      row,
      fc.nat(),
      fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 60, maxLength: 60 }),
      (base, pick, noise) => {
        const other = base.map((value, index) => value + (noise[index] ?? 0));
        const kept = new Uint16Array(rowLength(base.length));
        const token = pick % base.length;
        const nats = encodeRow(base, token, kept);
        const [p, q] = [probabilities(base), probabilities(other)];
        expect(nats).toBeCloseTo(-Math.log(p[token]!), 4);
        const compared = compareRow(other, kept, token);
        // The kept range is 16 nats in 65,535 steps: what is below it weighs next to nothing.
        const exact = p.reduce((sum, one, index) => sum + one * Math.log(one / q[index]!), 0);
        expect(compared.divergence).toBeCloseTo(exact, 2);
        expect(compared.nats).toBeCloseTo(-Math.log(q[token]!), 4);
        const self = compareRow(base, kept, token);
        expect(Math.abs(self.divergence)).toBeLessThan(2e-4);
        expect(compared.divergence).toBeGreaterThan(-2e-4);
      },
    ),
  );
});

it('knows whether both hold the same word for the likeliest', () => {
  const kept = new Uint16Array(rowLength(3));
  encodeRow(Float32Array.of(0, 5, 1), 0, kept);
  expect(compareRow(Float32Array.of(0, 2, 1), kept, 0).isSameTop).toBe(true);
  expect(compareRow(Float32Array.of(3, 2, 1), kept, 0).isSameTop).toBe(false);
  // A row without any difference has no scale.
  encodeRow(Float32Array.of(1, 1, 1), 0, kept);
  expect(compareRow(Float32Array.of(2, 2, 2), kept, 1)).toMatchObject({ isSameTop: true });
  expect(compareRow(Float32Array.of(2, 2, 2), kept, 1).divergence).toBeCloseTo(0, 5);
});

it('keeps rows in a file, and tells where it is cut off', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nearfar-base-'));
  try {
    const path = join(folder, 'base.logits');
    const tokens = Int32Array.from({ length: 16 }, (_, index) => index);
    const shape = { windowTokenCount: 8, vocabTokenCount: 5, windowCount: 2, tokens };
    const writer = createBaseWriter(path, shape);
    for (let index = 0; index < 6; index++) {
      encodeRow(Float32Array.of(index, 1, 2, 3, 4), 0, writer.row);
      writer.append();
    }
    writer.close();
    const base = openBase(path);
    expect(base).toMatchObject({ windowTokenCount: 8, vocabTokenCount: 5, windowCount: 2, tokens });
    for (let index = 0; index < 6; index++) {
      const logits = Float32Array.of(index, 1, 2, 3, 4);
      expect(compareRow(logits, base.next(), 1).divergence).toBeCloseTo(0, 4);
    }
    expect(() => base.next()).toThrow('no more rows');
    base.close();
    truncateSync(path, 100);
    expect(() => openBase(path)).toThrow('cut off');
    expect(existsSync(path)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRoom, type KeptFile } from './eviction.ts';

const mib = 1024 * 1024;
const file = (key: string, mebibytes: number, usedAt: number, isWhole = true): KeptFile => ({
  key,
  bytes: mebibytes * mib,
  usedAt,
  isWhole,
});
const none: ReadonlySet<string> = new Set();
const base = { neededBytes: 100 * mib, freeBytes: null, budgetBytes: null, keep: none };

describe('room for a download', () => {
  it('takes nothing where there is enough', () => {
    const kept = [file('a', 50, 1)];
    expect(planRoom({ ...base, kept, freeBytes: 101 * mib })).toEqual({ remove: [], lackingBytes: 0 });
    expect(planRoom({ ...base, kept, budgetBytes: 150 * mib })).toEqual({ remove: [], lackingBytes: 0 });
    expect(planRoom({ ...base, kept })).toEqual({ remove: [], lackingBytes: 0 });
  });

  it('removes halves first, then what was used longest ago, and no more than needed', () => {
    const kept = [
      file('new', 60, 30),
      file('old', 60, 10),
      file('middle', 60, 20),
      file('half', 10, 99, false),
    ];
    expect(planRoom({ ...base, kept, budgetBytes: 250 * mib }).remove).toEqual(['half', 'old']);
    expect(planRoom({ ...base, kept, freeBytes: 11 * mib }).remove).toEqual(['half', 'old', 'middle']);
  });

  it('never removes what is in use, and takes nothing where that would not do', () => {
    const kept = [file('used', 60, 1), file('idle', 10, 2)];
    const plan = planRoom({ ...base, kept, budgetBytes: 120 * mib, keep: new Set(['used']) });
    expect(plan).toEqual({ remove: [], lackingBytes: 40 * mib });
  });

  it('always keeps within the budget, or says what is lacking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.nat(1000), usedAt: fc.nat(99), isWhole: fc.boolean() })),
        fc.nat(2000),
        fc.nat(3000),
        (files, neededBytes, budgetBytes) => {
          const kept = files.map((each, index) => ({ ...each, key: String(index) }));
          const plan = planRoom({ ...base, kept, neededBytes, budgetBytes });
          const left = kept.filter(({ key }) => !plan.remove.includes(key));
          const total = left.reduce((sum, each) => sum + each.bytes, 0) + neededBytes;
          if (plan.lackingBytes === 0) expect(total).toBeLessThanOrEqual(budgetBytes);
          else expect(neededBytes).toBeGreaterThan(budgetBytes);
        },
      ),
    );
  });
});

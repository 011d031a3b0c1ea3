import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kvBytes, kvBytesPerToken } from './attention.ts';
import { batchFor, batchTradeoff, requestsUnderWay } from './batch-tradeoff.ts';
import { breakEvenReuseCount, expectedCacheSaving } from './cache-break-even.ts';
import { findDevice } from './device.ts';
import { compareWithGuide, requireNumber } from './figure.ts';
import { countedParameters, findModelShape, modelShapes } from './model-shape.ts';
import { apiCost, ownMachineCost, rentedCost, type Traffic } from './monthly-cost.ts';
import { decodeStep, measuredEfficiency, prefillStep, type Machine, type ModelLoad } from './roofline.ts';
import { splitOutcome } from './routing-split.ts';
import { bestDraft, draftingGain, expectedTokenCount } from './speculation-gain.ts';
import { findWeightFormat } from './weight-format.ts';

const shape = (name: string) => {
  const found = findModelShape(name);
  if (found === null) throw new Error(`no shape of ${name}`);
  return found;
};

describe('shapes of models', () => {
  it('have as many weights as their publishers say', () => {
    for (const one of modelShapes) {
      const counted = countedParameters(one);
      if (Number.isNaN(counted)) continue;
      expect([one.name, Math.abs(counted / one.parameterCount - 1) < 0.01]).toEqual([one.name, true]);
    }
  });

  it('are found however they are spelt, and not guessed', () => {
    expect(findModelShape('LLAMA-3.1-8B')?.name).toBe('Llama 3.1 8B');
    expect(findModelShape('llama3.1:8b')?.name).toBe('Llama 3.1 8B');
    expect(findModelShape('llama-4')).toBeNull();
  });
});

describe("the guide's memory table", () => {
  it.each([
    ['Phi-4 14B', 28, 14, 7],
    ['Gemma 2 9B', 18, 9, 4.5],
    ['Llama 3.1 8B', 16, 8, 4],
    ['TinyLlama 1.1B', 2.2, 1.1, 0.55],
  ])('%s: two, one and half a byte a weight, and the blocks scales on top', (name, f16, int8, int4) => {
    const gigabytes = (format: string): number =>
      (shape(name).parameterCount * (findWeightFormat(format)?.bitsPerWeight ?? NaN)) / 8 / 1e9;
    expect(gigabytes('FP16') / f16).toBeCloseTo(1, 0);
    expect(gigabytes('FP16') / f16).toBeLessThan(1.05);
    // The guide counts 8 and 4 bits; a block of Q8_0 has a scale of 16 for 32 weights: 1/16 and 1/8 more.
    expect(gigabytes('INT8') / int8).toBeLessThan(1.06 * 1.0625);
    expect(gigabytes('INT4') / int4).toBeGreaterThan(1.1);
    expect(gigabytes('NF4') / int4).toBeLessThan(1.06 * 1.033);
  });
});

describe('the KV cache', () => {
  it('is 2 MB a token at 70B with full attention, and eight times less with grouped queries', () => {
    const full = kvBytesPerToken(shape('LLaMA 65B').layers, 2);
    const grouped = kvBytesPerToken(shape('Llama 3.1 70B').layers, 2);
    expect(full).toBe(2 * 80 * 64 * 128 * 2);
    expect(full / grouped).toBe(8);
    const claim = { text: '~2MB per token for a 70B model', range: [2e6, 2e6] as const };
    const figure = {
      name: 'kv',
      unit: 'bytes',
      basis: 'exact',
      formula: '',
      inputs: {},
      source: '',
    } as const;
    expect(compareWithGuide({ ...figure, value: grouped }, claim, 'grouped queries')).toMatchObject({
      agrees: false,
      difference: 'grouped queries',
    });
  });

  it('keeps a window where a layer has one, and one vector where all heads share it', () => {
    const gemma = shape('Gemma 2 9B').layers;
    const short = kvBytes(gemma, 4096, 2);
    expect(kvBytes(gemma, 8192, 2)).toBe(short * 1.5);
    expect(kvBytesPerToken(shape('DeepSeek-V3').layers, 2)).toBe(61 * 576 * 2);
  });

  it('never shrinks with the context', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...modelShapes),
        fc.nat(200_000),
        fc.nat(200_000),
        ({ layers }, one, more) => {
          expect(kvBytes(layers, one + more, 2)).toBeGreaterThanOrEqual(kvBytes(layers, one, 2));
        },
      ),
    );
  });
});

describe('speed', () => {
  const llama: ModelLoad = {
    weightBytes: 8.03e9 * 2,
    activeParameterCount: 8.03e9,
    kvBytesPerToken: kvBytesPerToken(shape('Llama 3.1 8B').layers, 2),
    attentionWidth: 32 * 32 * 128,
  };
  const h100: Machine = {
    memoryBytesPerSecond: findDevice('h100')?.memoryBytesPerSecond ?? 0,
    flops: findDevice('h100')?.flops16 ?? 0,
    efficiency: { memory: 1, compute: 1 },
  };

  it('of one stream is bound by memory, of many by compute', () => {
    const one = decodeStep(llama, h100, 1, 0);
    expect(one.boundBy).toBe('memory');
    expect(1000 / one.ms).toBeCloseTo(3.35e12 / 16.06e9, 0);
    expect(decodeStep(llama, h100, 512, 0).boundBy).toBe('compute');
    expect(prefillStep(llama, h100, 2000).boundBy).toBe('compute');
  });

  it('is measured back: what is predicted with the efficiency of a measurement is that measurement', () => {
    const speed = { decodeTokensPerSecond: 100, prefillTokensPerSecond: 20_000 };
    const efficiency = measuredEfficiency(llama, h100, speed, 512);
    expect(1000 / decodeStep(llama, { ...h100, efficiency }, 1, 0).ms).toBeCloseTo(100, 6);
    expect((512 * 1000) / prefillStep(llama, { ...h100, efficiency }, 512).ms).toBeCloseTo(20_000, 3);
  });
});

describe('batching', () => {
  it("gives the guide's table from its own three latencies", () => {
    // Latencies of 10, 12 and 18 s for 1, 8 and 32 requests: 0.1, 0.67, 1.78 requests/s.
    const stepMs = (size: number) => ({ 1: 10_000, 8: 12_000, 32: 18_000 })[size] ?? NaN;
    const facts = { stepMs, prefillMs: 0, outputTokenCount: 1, targetInterTokenMs: 15_000 };
    const points = batchTradeoff(facts, [1, 8, 32]);
    expect(points.map(({ requestsPerSecond }) => requestsPerSecond.toFixed(2))).toEqual([
      '0.10',
      '0.67',
      '1.78',
    ]);
    expect(points.map(({ gain }) => gain.toFixed(1))).toEqual(['1.0', '6.7', '17.8']);
    expect(points.map(({ meetsTarget }) => meetsTarget)).toEqual([true, true, false]);
    expect(batchFor(0.5, points)?.batchSize).toBe(8);
    expect(batchFor(2, points)).toBeNull();
    expect(requestsUnderWay(0.67, 12_000)).toBeCloseTo(8, 0);
  });
});

describe('speculation', () => {
  it('is what Leviathan et al. compute', () => {
    // Equation 1: (1 - 0.9^11) / 0.1.
    expect(expectedTokenCount(0.9, 10)).toBeCloseTo(6.86, 2);
    expect(expectedTokenCount(1, 5)).toBe(6);
    expect(draftingGain({ acceptanceRate: 0, draftTokenCount: 5, costRatio: 0.1 })).toBeCloseTo(1 / 1.5, 9);
  });

  it('drafts nothing where it does not pay, and longer where more is accepted', () => {
    expect(bestDraft(0.1, 0.2)).toEqual({ draftTokenCount: 0, gain: 1 });
    expect(bestDraft(0.9, 0.05).draftTokenCount).toBeGreaterThan(bestDraft(0.6, 0.05).draftTokenCount);
    // Where verifying costs as many steps as it has tokens, nothing is to be had.
    expect(bestDraft(0.95, 0, (tokenCount) => tokenCount).gain).toBe(1);
  });
});

describe('prompt caching', () => {
  it("breaks even at the first reuse with Anthropic's prices of five minutes, at the second with an hour's", () => {
    expect(breakEvenReuseCount({ input: 3, cacheRead: 0.3, cacheWrite: 3.75 })).toBeCloseTo(0.278, 3);
    expect(breakEvenReuseCount({ input: 3, cacheRead: 0.3, cacheWrite: 6 })).toBeCloseTo(1.111, 3);
    expect(breakEvenReuseCount({ input: 3, cacheRead: 1.5, cacheWrite: 3 })).toBe(0);
  });

  it('costs more than it saves where requests are too rare', () => {
    const prices = { input: 3, cacheRead: 0.3, cacheWrite: 3.75 };
    expect(expectedCacheSaving(prices, 0, 300_000)).toBeCloseTo(-0.25, 9);
    expect(expectedCacheSaving(prices, 1000, 300_000)).toBeCloseTo(0.9, 3);
  });
});

describe('splits and months', () => {
  const traffic: Traffic = {
    ...{ requestsPerDay: 100_000, promptTokenCount: 500, outputTokenCount: 200 },
    ...{ repeatedPromptShare: 0.5, peakFactor: 3 },
  };
  const prices = { input: 1, output: 5, cacheRead: 0.1, batchDiscount: 0.5 };

  it('does not assume a quality that nobody measured', () => {
    const near = { name: 'near', share: 0.8, costPerRequest: 0, quality: null };
    const far = { name: 'far', share: 0.2, costPerRequest: 0.01, quality: 0.9 };
    expect(splitOutcome([near, far])).toEqual({
      costPerRequest: expect.closeTo(0.002, 9) as number,
      saving: expect.closeTo(0.8, 9) as number,
      quality: null,
    });
    expect(() => splitOutcome([far])).toThrow(/sum of 1/);
  });

  it('halves what may wait, and reads repeated parts at the price of the cache', () => {
    const plain = apiCost(traffic, prices, { isCached: false, isBatch: false });
    expect(plain.usd).toBeCloseTo(100_000 * (365.25 / 12) * ((500 * 1 + 200 * 5) / 1e6), 6);
    expect(apiCost(traffic, prices, { isCached: false, isBatch: true }).usd).toBeCloseTo(plain.usd / 2, 6);
    expect(
      apiCost(traffic, prices, { isCached: true, isBatch: false }).parts['cached prompt'],
    ).toBeGreaterThan(0);
  });

  it('needs machines for the busiest hour', () => {
    const rented = rentedCost(traffic, 1, 2);
    expect(rented.machineCount).toBe(4);
    expect(rented.usd).toBeCloseTo(4 * 2 * 24 * (365.25 / 12), 6);
    const own = ownMachineCost(traffic, {
      ...{ requestsPerSecond: 4, price: 3600, lifeYears: 3, busyWatts: 300, idleWatts: 50, energyPrice: 0.3 },
    });
    expect(own.machineCount).toBe(1);
    expect(own.parts['write-off']).toBeCloseTo(100, 6);
    expect(own.utilisation).toBeCloseTo(100_000 / 86_400 / 4, 9);
  });

  it('never costs more with a higher discount, a larger share of repeats or a cheaper machine', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        const cost = (repeatedPromptShare: number) =>
          apiCost({ ...traffic, repeatedPromptShare }, prices, { isCached: true, isBatch: false }).usd;
        expect(cost(more)).toBeLessThanOrEqual(cost(less) + 1e-9);
      }),
    );
  });

  it('says which input is wrong', () => {
    expect(() =>
      apiCost({ ...traffic, requestsPerDay: -1 }, prices, { isCached: false, isBatch: false }),
    ).toThrow(/requestsPerDay: expected a number of at least 0, got -1/);
    expect(() => requireNumber('share', 2, 0, 1)).toThrow(/from 0 to 1, got 2/);
  });
});

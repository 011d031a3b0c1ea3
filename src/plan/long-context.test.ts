import { describe, expect, it } from 'vitest';
import { longContextStrategy, overflowHint, type LongContextFacts } from './long-context.ts';

const GiB = 1024 ** 3;
/** SmolLM2 in 16,384 cells, with a trained context of 8,192. */
const facts: LongContextFacts = {
  promptTokenCount: 500,
  contextTokenCount: 8_192,
  trainedContextTokenCount: 8_192,
  cellCount: 16_384,
  kvBytesPerCell: 23_040,
  freeMemoryBytes: 8 * GiB,
  hostCacheBytes: 512 * 1024 ** 2,
  canShift: true,
  windowTokenCount: 4_096,
  promptMs: null,
};
const large = { contextTokenCount: 200_000, trainedContextTokenCount: 262_144, cellCount: 200_000 };
const strategy = (changes: Partial<LongContextFacts>) =>
  longContextStrategy({ ...facts, ...changes }).strategy;

describe('the strategy', () => {
  it("is the guide's where nothing is measured", () => {
    expect(strategy({ promptTokenCount: 500 })).toBe('nothing');
    expect(strategy({ promptTokenCount: 5_000 })).toBe('nothing');
    expect(strategy({ ...large, promptTokenCount: 10_000 })).toBe('prefix_cache');
    expect(strategy({ ...large, promptTokenCount: 100_000 })).toBe('sliding_window');
  });

  it('follows the measured time to read a prompt', () => {
    expect(strategy({ promptTokenCount: 1_500, promptMs: 3_000 })).toBe('prefix_cache');
    expect(strategy({ ...large, promptTokenCount: 20_000, promptMs: 400 })).not.toBe('sliding_window');
    const advice = longContextStrategy({ ...facts, promptTokenCount: 4_000, promptMs: 8_000 });
    expect(advice.strategy).toBe('prefix_cache');
    expect(advice.reasons.join(' ')).toMatch(/8\.0 s.*holds 4 such prompts/);
    expect(advice.settings).toEqual({});
  });

  it('asks for host memory where one prompt does not fit it', () => {
    const advice = longContextStrategy({
      ...facts,
      ...large,
      promptTokenCount: 50_000,
      kvBytesPerCell: 131_072,
    });
    expect(advice.strategy).toBe('prefix_cache');
    expect(advice.settings['engine.hostCacheBytes']).toBe(2 * 50_000 * 131_072);
  });

  it('prefers cells to a window where the model was trained for them and they fit', () => {
    const long = { promptTokenCount: 20_000, trainedContextTokenCount: 32_768 };
    const advice = longContextStrategy({ ...facts, ...long });
    expect(advice.strategy).toBe('larger_context');
    expect(advice.settings['engine.contextTokenCount']).toBe(25_088);
    expect(strategy({ ...long, freeMemoryBytes: 1024 })).toBe('sliding_window');
    expect(strategy({ ...long, trainedContextTokenCount: 8_192 })).toBe('sliding_window');
    expect(strategy({ ...long, trainedContextTokenCount: 8_192, canShift: false })).toBe('truncate_middle');
    expect(strategy({ ...long, promptTokenCount: 150_000, trainedContextTokenCount: 1_000_000 })).toBe(
      'sliding_window',
    );
  });

  it('always says why', () => {
    for (const promptTokenCount of [1, 1_999, 2_000, 9_999, 10_000, 99_999, 100_000, 1_000_000]) {
      for (const changes of [{}, large, { canShift: false }, { freeMemoryBytes: null }]) {
        const advice = longContextStrategy({ ...facts, ...changes, promptTokenCount });
        expect(advice.reasons.length).toBeGreaterThan(0);
        for (const reason of advice.reasons) expect(reason).toMatch(/^[A-Z\d].*\.$/);
      }
    }
  });
});

it('the hint behind a refusal names what can be done now', () => {
  const hint = (changes: Partial<LongContextFacts>) =>
    overflowHint(longContextStrategy({ ...facts, promptTokenCount: 20_000, ...changes }));
  expect(hint({})).toMatch(/truncate_middle.*or sinks/);
  expect(hint({ canShift: false })).toMatch(/truncate_middle.*cannot slide/);
  expect(hint({ trainedContextTokenCount: 32_768 })).toMatch(/engine\.contextTokenCount 25088.*Or: send/);
});

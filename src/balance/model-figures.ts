import {
  expectedMs,
  fitFirstTokenCost,
  type FirstTokenCost,
  type FirstTokenSample,
} from './first-token-cost.ts';

/** What was measured of one model, over all replicas. */
export interface ModelFigures {
  readonly cost: FirstTokenCost;
  /** Milliseconds, oldest first. */
  readonly firstTokenTimes: readonly number[];
  expectedMs(newBlockCount: number, load: number): number;
  add(sample: FirstTokenSample): void;
}

/** The cost is fitted to these; older ones tell of another load. */
const fittedSamples = 64;
/** A 95th percentile needs some. */
const keptTimes = 200;

export function createModelFigures(): ModelFigures {
  let samples: readonly FirstTokenSample[] = [];
  let times: readonly number[] = [];
  let cost: FirstTokenCost | null = null;
  const fitted = (): FirstTokenCost => (cost ??= fitFirstTokenCost(samples));
  return {
    get cost() {
      return fitted();
    },
    get firstTokenTimes() {
      return times;
    },
    expectedMs: (newBlockCount, load) => expectedMs(fitted(), newBlockCount, load),
    add(sample) {
      samples = [...samples, sample].slice(-fittedSamples);
      times = [...times, sample.milliseconds].slice(-keptTimes);
      cost = null;
    },
  };
}

import type { Peer } from './peer.ts';
import type { StreamClient } from './stream-client.ts';

/** A server under test and the client that drives it. */
export interface Side {
  readonly label: string;
  readonly origin: string;
  readonly pid: number;
  readonly client: StreamClient;
  /** From spawn to the first healthy answer, milliseconds. */
  readonly startMs: number;
  /** The last lines that the server wrote. */
  log(): string;
  stop(): Promise<void>;
  /** As a crash ends it. */
  kill(): Promise<void>;
}

/** Our own server; its model is put into a store of its own at the first start. */
export interface NearfarServer {
  /** Where it keeps its ledger. */
  readonly home: string;
  /** @param settings further ones, `path=value` */
  start(settings?: readonly string[]): Promise<Side>;
  /** Puts the model into the benchmark's store, where it is not yet, for what runs without a server. */
  install(): Promise<{ readonly home: string; readonly modelId: string }>;
}

/** What every benchmark is given. */
export interface BenchmarkSetup {
  /** The GGUF that both sides load. */
  readonly modelPath: string;
  /** Whether the user named it; else a benchmark over several models takes its own. */
  readonly isModelGiven: boolean;
  readonly threadCount: number;
  /** `null` = the benchmark's own default. */
  readonly repeatCount: number | null;
  /** Fewer repeats and configurations: a check that it runs, not a figure. */
  readonly quick: boolean;
  /** Of a benchmark over several models, those whose names contain one of these; `null` = all. */
  readonly modelNames: readonly string[] | null;
  /** Where a long benchmark keeps what it has measured; `null` = nowhere. */
  readonly resumePath: string | null;
  /** After so many minutes nothing new is begun; `null` = no bound. */
  readonly minutes: number | null;
  /** Evaluation data that is not in the repository; only what judges by it looks there. */
  readonly dataFolder: string;
  /** The CPU kernels that our side computes with, of `nearfar kernels build`; `null` = as shipped. */
  readonly kernels: string | null;
  readonly nearfar: NearfarServer;
  /** Opened, and built if need be, only by the benchmarks that compare with it. */
  readonly openPeer: () => Promise<Peer>;
  readonly progress: (text: string) => void;
}

/** One row of the table in the report: a label and a cell for each column. */
export interface Row {
  readonly label: string;
  readonly cells: Readonly<Record<string, string | number>>;
}

export interface Target {
  readonly key: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface BenchmarkResult {
  /** The figures of the issue, under its keys: top level in the JSON. */
  readonly figures: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
  readonly targets: readonly Target[];
  readonly rows: readonly Row[];
  /** What was checked, and what a reader must know to judge the figures. */
  readonly notes: readonly string[];
}

export type Benchmark = (setup: BenchmarkSetup) => Promise<BenchmarkResult>;

export function isMet(target: Target): boolean {
  return target.value >= (target.atLeast ?? -Infinity) && target.value <= (target.atMost ?? Infinity);
}

/** The same list forwards and backwards in turn, so that a drift of the machine falls on all alike. */
export function* alternating<Item>(items: readonly Item[], repeatCount: number): Generator<[Item, number]> {
  for (let repeat = 0; repeat < repeatCount; repeat++) {
    for (const item of repeat % 2 === 0 ? items : items.toReversed()) yield [item, repeat];
  }
}

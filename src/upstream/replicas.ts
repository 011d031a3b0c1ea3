import type { Balancer, BalanceRequest, Lease, ReplicaReading } from '../balance/balancer.ts';
import { createBalancer } from '../balance/balancer.ts';
import { createHedgeBudget, hedgeAfterMs, type HedgeBudget } from '../balance/hedging.ts';
import type { ReplicaState } from '../balance/choose-replica.ts';
import { prefixBlocks, type BlockKey, type PrefixBlocks } from '../balance/prefix-blocks.ts';
import { createCircuitBreaker, type CircuitBreaker } from './circuit-breaker.ts';
import { createConnection, type Connection } from './connection.ts';
import { createLoadPoller, type LoadPoller } from './load-poller.ts';
import type { UpstreamSettings } from './upstream.ts';

/** The servers behind one upstream, one or several, with what is known of each. */
export interface Replicas {
  readonly count: number;
  /** @param text the prompt as one text; asked for only where it decides */
  blocks(model: string, text: () => string): PrefixBlocks;
  /** Counts a request to the replica that is best for it; null where every one of them is to be left alone. */
  take(request: BalanceRequest, tried: ReadonlySet<number>): TakenReplica | null;
  /** Whether a closed one is there that was not tried. */
  hasOther(model: string, tried: ReadonlySet<number>): boolean;
  /** Milliseconds until one of them may be asked. */
  pauseMs(model: string): number;
  /** Milliseconds after which a first token is late enough to ask a second; null: none is asked. */
  hedgeAfterMs(model: string): number | null;
  readonly hedgeBudget: HedgeBudget;
  /** A second was asked; whether it was first. */
  countHedge(hasWon: boolean): void;
  readings(): ReplicaReadings;
  close(): Promise<void>;
}

export interface TakenReplica {
  readonly lease: Lease;
  readonly connection: Connection;
  readonly breaker: CircuitBreaker;
}

/** For metrics. */
export interface ReplicaReadings {
  readonly upstream: string;
  readonly hedgeWonCount: number;
  readonly hedgeLostCount: number;
  readonly replicas: readonly (ReplicaReading & { readonly openBreakerCount: number })[];
}

export interface ReplicasOptions {
  readonly upstream: UpstreamSettings;
  /** Headers of questions without a prompt, the key's among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** For hashes of prompts and of ids. */
  readonly key: BlockKey;
  /** Milliseconds of any clock that only goes forward. @default performance.now */
  readonly now?: () => number;
  /** @default Math.random */
  readonly random?: () => number;
}

/** Breakers that are kept for models that no setting names; clients choose those names. */
const keptModels = 500;
const pollIntervalMs = 1_000;
/** A report that is older is not gone by. */
const staleMs = 3 * pollIntervalMs;
const nothing: PrefixBlocks = { hashes: [], length: 0 };

export function createReplicas(options: ReplicasOptions): Replicas {
  const { upstream, headers, key, now = () => performance.now(), random = Math.random } = options;
  const { addresses, balance, hedge, timeouts } = upstream;
  const connections = addresses.map(({ baseUrl, usesProxy }) =>
    createConnection({ baseUrl, usesProxy, connectMs: timeouts.connectMs }),
  );
  const balancer: Balancer = createBalancer({
    replicaCount: addresses.length,
    mode: balance,
    key,
    staleMs,
    now,
    random,
  });
  // Of one alone there is nothing to decide.
  const poller: LoadPoller | null =
    upstream.endpoints === null || addresses.length === 1
      ? null
      : createLoadPoller({
          addresses,
          endpoints: upstream.endpoints,
          headers,
          intervalMs: pollIntervalMs,
          onReport: (index, report) => {
            balancer.report(index, report);
          },
          now,
        });
  const breakers = new Map<string, readonly CircuitBreaker[]>();
  const hedgeBudget = createHedgeBudget();
  let hedgeWonCount = 0;
  let hedgeLostCount = 0;

  function breakersOf(model: string): readonly CircuitBreaker[] {
    let own = breakers.get(model);
    if (own === undefined) {
      if (breakers.size >= keptModels) breakers.clear();
      own = addresses.map(() => createCircuitBreaker());
      breakers.set(model, own);
    }
    return own;
  }

  function statesOf(model: string): readonly ReplicaState[] {
    const own = breakersOf(model).map((breaker) => breaker.state(now()));
    const isOneClosed = own.includes('closed');
    return own.map((state, index): ReplicaState => {
      if (state === 'closed') return poller?.isUnwell(index) === true ? 'unwell' : 'closed';
      // What does not even answer a check need not be tried with somebody's request.
      return isOneClosed && state === 'ready' && poller?.isUnknown(index) === true ? 'resting' : state;
    });
  }

  return {
    count: addresses.length,
    blocks: (model, text) =>
      addresses.length === 1 || balance !== 'prefix' ? nothing : prefixBlocks(text(), key, model),
    take(request, tried) {
      poller?.touch();
      const own = breakersOf(request.model);
      const states = statesOf(request.model);
      if (states.every((state) => state === 'resting')) return null;
      const lease = balancer.take(request, states, tried);
      const breaker = own[lease.index];
      const connection = connections[lease.index];
      if (breaker === undefined || connection === undefined) throw new RangeError('no such replica');
      breaker.ask(now());
      return { lease, connection, breaker };
    },
    hasOther: (model, tried) =>
      statesOf(model).some((state, index) => state === 'closed' && !tried.has(index)),
    pauseMs: (model) => Math.min(...breakersOf(model).map((breaker) => breaker.pauseMs(now()))),
    hedgeAfterMs: (model) => hedgeAfterMs(hedge, balancer.firstTokenTimes(model)),
    hedgeBudget,
    countHedge(hasWon) {
      if (hasWon) hedgeWonCount += 1;
      else hedgeLostCount += 1;
    },
    readings: () => ({
      upstream: upstream.name,
      hedgeWonCount,
      hedgeLostCount,
      replicas: balancer.readings().map((reading, index) => ({
        ...reading,
        openBreakerCount: [...breakers.values()].filter((own) => own[index]?.isOpen === true).length,
      })),
    }),
    async close() {
      await Promise.all([poller?.close(), ...connections.map((connection) => connection.close())]);
    },
  };
}

import type { Usage } from '../chat/part.ts';
import { createBlockRecord, type BlockRecord } from './block-record.ts';
import { createBonds } from './bonds.ts';
import { chooseReplica, type BalanceMode, type ReplicaState, type ReplicaView } from './choose-replica.ts';
import { createReplicaFigures, type ReplicaFigures } from './replica-figures.ts';
import { createModelFigures, type ModelFigures } from './model-figures.ts';
import type { LoadReport } from './load-report.ts';
import type { BlockKey, PrefixBlocks } from './prefix-blocks.ts';

/** A request as balancing sees it. */
export interface BalanceRequest {
  /** The model's name at the upstream. */
  readonly model: string;
  readonly tenant: string;
  /** Empty where nothing of it can be cached. */
  readonly blocks: PrefixBlocks;
  /** Ids of the calls whose results it brings; empty: it is no tool loop. */
  readonly callIds: readonly string[];
}

/** One try at one replica, which counts as under way until its end. */
export interface Lease {
  readonly index: number;
  readonly reason: string;
  readonly isProbe: boolean;
  /** The first piece of the answer is there. */
  sawFirst(): void;
  sawUsage(usage: Usage): void;
  /** The answer calls a tool: the result of that call comes here again. */
  sawCall(callId: string): void;
  /** What comes after the first time does not count. */
  end(): void;
}

/** A replica's state for metrics. */
export interface ReplicaReading {
  readonly inFlightCount: number;
  readonly askedCount: number;
  /** Blocks of prompts that it should have cached. */
  readonly recordedBlockCount: number;
  /** Of what was expected to be cached, the share that was; 1 where it does not tell. */
  readonly trust: number;
  readonly slowness: number;
  /** Null: it told nothing lately. */
  readonly report: LoadReport | null;
}

/** Knows the replicas of one upstream, and says which is asked. */
export interface Balancer {
  take(request: BalanceRequest, states: readonly ReplicaState[], tried: ReadonlySet<number>): Lease;
  /** What a replica told of itself just now. */
  report(index: number, report: LoadReport): void;
  /** The last times to a first token of a model, in milliseconds, oldest first. */
  firstTokenTimes(model: string): readonly number[];
  readings(): readonly ReplicaReading[];
}

export interface BalancerOptions {
  readonly replicaCount: number;
  readonly mode: BalanceMode;
  /** For the hashes of calls' ids. */
  readonly key: BlockKey;
  /** Milliseconds after which a report is too old to go by. */
  readonly staleMs: number;
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Blocks kept of each replica: about four million tokens, 5 MB. */
const recordedBlocks = 65_536;
/** Models whose figures are kept; clients may choose the names. */
const keptModels = 200;

interface Replica {
  readonly record: BlockRecord;
  readonly figures: ReplicaFigures;
  inFlightCount: number;
  askedCount: number;
  passedOverCount: number;
  /** With the requests of ours that it counts among its own. */
  told: { readonly report: LoadReport; readonly at: number; readonly ownCount: number } | null;
}

export function createBalancer(options: BalancerOptions): Balancer {
  const { replicaCount, mode, key, staleMs, now, random } = options;
  const bonds = createBonds(key);
  const models = new Map<string, ModelFigures>();
  const replicas = Array.from({ length: replicaCount }, (): Replica => ({
    record: createBlockRecord(recordedBlocks),
    figures: createReplicaFigures(),
    inFlightCount: 0,
    askedCount: 0,
    passedOverCount: 0,
    told: null,
  }));

  function figuresOf(model: string): ModelFigures {
    let figures = models.get(model);
    if (figures === undefined) {
      if (models.size >= keptModels) models.clear();
      figures = createModelFigures();
      models.set(model, figures);
    }
    return figures;
  }

  function freshReport({ told }: Replica): LoadReport | null {
    return told !== null && now() - told.at < staleMs ? told.report : null;
  }

  /** Ours as we count them, and of those that it reports the ones that were not ours then. */
  function loadOf(replica: Replica): number {
    const report = freshReport(replica);
    if (report === null || replica.told === null) return replica.inFlightCount;
    const reported = (report.runningCount ?? 0) + (report.waitingCount ?? 0);
    return replica.inFlightCount + Math.max(0, reported - replica.told.ownCount);
  }

  function matched(replica: Replica, { model, blocks }: BalanceRequest): number {
    const loaded = freshReport(replica)?.loadedModels ?? null;
    if (loaded !== null && !loaded.some((name) => name === model || name === `${model}:latest`)) return 0;
    return replica.record.match(blocks.hashes);
  }

  return {
    take(request, states, tried) {
      const [only] = replicas;
      // Of one alone nothing is weighed, and nothing learnt but its times.
      if (only !== undefined && replicas.length === 1) {
        return lease(request, only, { index: 0, reason: 'the only one' }, 0);
      }
      const figures = figuresOf(request.model);
      const views = replicas.map((replica, index): ReplicaView => ({
        state: states[index] ?? 'resting',
        wasTried: tried.has(index),
        load: loadOf(replica),
        cachedBlockCount: replica.figures.trust * matched(replica, request),
        passedOverCount: replica.passedOverCount,
        slowness: replica.figures.slowness(now()),
      }));
      const place = bonds.placeOf(request.tenant, request.callIds);
      const demand = {
        blockCount: request.blocks.length,
        boundTo: place === null ? null : Number(place),
      };
      const choice = chooseReplica(views, demand, mode, figures.cost, random);
      const chosen = replicas[choice.index];
      if (chosen === undefined) throw new RangeError('there is no such replica');
      for (const replica of replicas) replica.passedOverCount += 1;
      chosen.passedOverCount = 0;
      return lease(request, chosen, choice, views[choice.index]?.load ?? 0);
    },
    report(index, report) {
      const replica = replicas[index];
      if (replica === undefined) return;
      const before = replica.told?.report.prefixQueryTokenCount ?? null;
      // A counter that goes back: the engine was started anew, with an empty cache.
      if (before !== null && (report.prefixQueryTokenCount ?? before) < before) replica.record.clear();
      replica.told = { report, at: now(), ownCount: replica.inFlightCount };
    },
    firstTokenTimes: (model) => models.get(model)?.firstTokenTimes ?? [],
    readings: () =>
      replicas.map((replica) => ({
        inFlightCount: replica.inFlightCount,
        askedCount: replica.askedCount,
        recordedBlockCount: replica.record.size,
        trust: replica.figures.trust,
        slowness: replica.figures.slowness(now()),
        report: freshReport(replica),
      })),
  };

  function lease(
    request: BalanceRequest,
    replica: Replica,
    choice: { readonly index: number; readonly reason: string; readonly isProbe?: true },
    load: number,
  ): Lease {
    const { blocks, model, tenant } = request;
    const figures = figuresOf(model);
    const startedAt = now();
    const expectedShare = blocks.length === 0 ? 0 : matched(replica, request) / blocks.length;
    replica.inFlightCount += 1;
    replica.askedCount += 1;
    // At once, not when it is read: who comes next with the same prompt does well to wait for it.
    replica.record.add(blocks.hashes);
    let firstTokenMs: number | null = null;
    let hasSampled = false;
    let hasEnded = false;
    /** @param cachedShare of the prompt, as far as it is known */
    const sample = (cachedShare: number): void => {
      if (firstTokenMs === null || hasSampled) return;
      hasSampled = true;
      const newBlockCount = blocks.length * (1 - cachedShare);
      figures.add({ newBlockCount, load, milliseconds: firstTokenMs });
      if (replicas.length === 1) return;
      replica.figures.sawTime(firstTokenMs, figures.expectedMs(newBlockCount, load), now());
    };
    return {
      index: choice.index,
      reason: choice.reason,
      isProbe: choice.isProbe === true,
      sawFirst() {
        firstTokenMs ??= now() - startedAt;
      },
      sawUsage({ promptTokenCount, cachedTokenCount, isMeasured }) {
        const told =
          isMeasured === false || promptTokenCount === 0 ? null : cachedTokenCount / promptTokenCount;
        if (told !== null) replica.figures.sawCached(told, expectedShare);
        sample(told !== null && replica.figures.tells ? told : expectedShare * replica.figures.trust);
      },
      sawCall(callId) {
        bonds.remember(tenant, callId, String(choice.index));
      },
      end() {
        if (hasEnded) return;
        hasEnded = true;
        replica.inFlightCount -= 1;
        sample(expectedShare * replica.figures.trust);
      },
    };
  }
}

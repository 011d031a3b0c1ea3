import { Counter, Gauge, Registry } from 'prom-client';
import type { AnswerSource } from '../chat/part.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { registerCascadeMetrics } from './cascade-metrics.ts';
import { registerCaptureMetrics, type CaptureReading } from './capture-metrics.ts';
import { registerEngineMetrics } from './engine-metrics.ts';
import type { EngineReading } from './engine-metrics.ts';
import { registerClassMetrics } from './class-metrics.ts';
import { registerSemanticMetrics, type SemanticReading } from './semantic-metrics.ts';
import type { Priority } from '../chat/request.ts';
import { registerPrivacyMetrics } from './privacy-metrics.ts';
import { registerQualityMetrics, type QualityReading } from './quality-metrics.ts';
import { registerReplicaMetrics, type UpstreamReading } from './replica-metrics.ts';
import { GapHistogram } from './gap-histogram.ts';
import { createNameBound, createRequestMetrics } from './request-metrics.ts';

export interface MetricsDependencies {
  /** The engine children as they are now: `() => localModels.running()`. */
  readonly running: () => readonly EngineReading[];
  /** Ledger rows not yet written. */
  readonly pendingRows?: () => number;
  /** Bytes of answers that may be given again. */
  readonly answerCacheBytes?: () => number;
  /** The servers behind upstreams: `() => upstreams.replicas()`. */
  readonly replicas?: () => readonly UpstreamReading[];
  /** What was kept of prompts and answers; absent: nothing is. */
  readonly capture?: () => CaptureReading;
  /** The cache of questions in other words, where there is one. */
  readonly semanticCache?: () => SemanticReading | null;
  /** What judges said of answers; absent: nothing is known. */
  readonly quality?: () => QualityReading;
  /** nearfar's own version, shown as a label of `nearfar_build_info`. */
  readonly version?: string;
}

export interface Metrics {
  readonly contentType: string;
  /** The page of /metrics. */
  readonly render: () => Promise<string>;
  /** Once per request, at its end. */
  readonly observeRow: (row: LedgerRow) => void;
  /** Once per token: the gap since the one before it, in milliseconds. */
  readonly observeGap: (model: string, priority: Priority, milliseconds: number) => void;
}

/** Counts and times of this process. Label values that clients choose are bounded. */
export function createMetrics(dependencies: MetricsDependencies): Metrics {
  const { running, pendingRows, answerCacheBytes, semanticCache, replicas, version } = dependencies;
  const registry = new Registry();
  const registers = [registry];
  const requests = createRequestMetrics();
  const gaps = new GapHistogram(
    'nearfar_inter_token_gap_seconds',
    'Gap between two pieces of text of one answer, as they leave the engine.',
  );
  if (version !== undefined) {
    const build = new Gauge({
      name: 'nearfar_build_info',
      help: 'Always 1.',
      labelNames: ['version'],
      registers,
    });
    build.set({ version }, 1);
  }
  if (pendingRows !== undefined) {
    new Gauge({
      name: 'nearfar_ledger_pending_rows',
      help: 'Ledger rows that are not written yet.',
      registers,
      collect() {
        this.set(pendingRows());
      },
    });
  }
  if (answerCacheBytes !== undefined) {
    new Gauge({
      name: 'nearfar_answer_cache_bytes',
      help: 'Bytes of answers that may be given again.',
      registers,
      collect() {
        this.set(answerCacheBytes());
      },
    });
  }
  const answered = new Map<AnswerSource, { count: number }>();
  new Counter({
    name: 'nearfar_answers_total',
    help: 'Whole answers by where they came from: a model, one that ran for the same request at the moment, or a cache.',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset();
      for (const [source, { count }] of answered) this.inc({ source }, count);
    },
  });
  const observeCascade = registerCascadeMetrics(registry);
  const countPrivacy = registerPrivacyMetrics(registry);
  registerEngineMetrics(registry, running);
  registerClassMetrics(registry, running);
  if (dependencies.capture !== undefined) registerCaptureMetrics(registry, dependencies.capture);
  if (dependencies.quality !== undefined) registerQualityMetrics(registry, dependencies.quality);
  if (replicas !== undefined) registerReplicaMetrics(registry, replicas);
  if (semanticCache !== undefined) registerSemanticMetrics(registry, semanticCache);
  // Upstreams are asked by names that clients choose.
  const responseNames = createNameBound(200);
  return {
    contentType: registry.contentType,
    render: async () => (await registry.metrics()) + requests.render() + gaps.render(),
    observeGap: (model, priority, milliseconds) => {
      gaps.observe(responseNames(model), priority, milliseconds);
    },
    observeRow: (row) => {
      // What nearfar itself asks is no traffic; quality-metrics.ts counts it.
      if (row.purpose !== undefined) return;
      requests.observe(row);
      if (row.cascade !== undefined) observeCascade(row.cascade);
      if (row.audit !== undefined) countPrivacy(row.privacy, row.audit);
      if (row.status >= 400) return;
      const source = answered.get(row.answerSource);
      if (source === undefined) answered.set(row.answerSource, { count: 1 });
      else source.count += 1;
    },
  };
}

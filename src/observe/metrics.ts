import { Counter, Gauge, Histogram, Registry } from 'prom-client';
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

// Names, units and bucket bounds are those of the OpenTelemetry semantic conventions for generative AI metrics,
// in Prometheus' spelling (dots to underscores, the unit as a suffix).
const durationBounds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const tokenBounds = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];
const firstTokenBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const perTokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

const commonLabels = [
  'gen_ai_operation_name',
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_response_model',
] as const;

/**
 * Counts and times of this process. Label values that clients choose are bounded: requested names that led to no
 * model, and further ones beyond 200, are counted as `_OTHER`, or anyone could fill the memory.
 */
export function createMetrics(dependencies: MetricsDependencies): Metrics {
  const { running, pendingRows, answerCacheBytes, semanticCache, replicas, version } = dependencies;
  const registry = new Registry();
  const registers = [registry];
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[],
  ): Histogram<Label> => new Histogram({ name, help, buckets, labelNames, registers });

  const tokenUsage = histogram(
    'gen_ai_client_token_usage',
    'Tokens of a request, by type: input (cached ones included) or output.',
    tokenBounds,
    [...commonLabels, 'gen_ai_token_type'],
  );
  const duration = histogram(
    'gen_ai_server_request_duration_seconds',
    'From the entry of a request to its end, whatever the end.',
    durationBounds,
    [...commonLabels, 'error_type'],
  );
  const timeToFirstToken = histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the entry of a request to its first text.',
    firstTokenBounds,
    [...commonLabels, 'nearfar_class'],
  );
  const timePerToken = histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Mean time per token after the first, of answers that came to their end.',
    perTokenBounds,
    [...commonLabels, 'nearfar_class'],
  );
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
  const answers = new Counter({
    name: 'nearfar_answers_total',
    help: 'Whole answers by where they came from: a model, one that ran for the same request at the moment, or a cache.',
    labelNames: ['source'],
    registers,
  });
  const observeCascade = registerCascadeMetrics(registry);
  const countPrivacy = registerPrivacyMetrics(registry);
  registerEngineMetrics(registry, running);
  registerClassMetrics(registry, running);
  if (dependencies.capture !== undefined) registerCaptureMetrics(registry, dependencies.capture);
  if (dependencies.quality !== undefined) registerQualityMetrics(registry, dependencies.quality);
  if (replicas !== undefined) registerReplicaMetrics(registry, replicas);
  if (semanticCache !== undefined) registerSemanticMetrics(registry, semanticCache);
  const requestNames = createNameBound(200);
  // Upstreams are asked by names that clients choose.
  const responseNames = createNameBound(200);

  return {
    contentType: registry.contentType,
    render: async () => (await registry.metrics()) + gaps.render(),
    observeGap: (model, priority, milliseconds) => {
      gaps.observe(responseNames(model), priority, milliseconds);
    },
    observeRow: (row) => {
      // What nearfar itself asks is no traffic; quality-metrics.ts counts it.
      if (row.purpose !== undefined) return;
      const labels = {
        gen_ai_operation_name: row.operation ?? '_OTHER',
        gen_ai_provider_name: row.upstream ?? 'nearfar',
        gen_ai_request_model: row.answeringModel === null ? '_OTHER' : requestNames(row.requestedModel),
        gen_ai_response_model: row.answeringModel === null ? '' : responseNames(row.answeringModel),
      };
      const hasFailed = row.status >= 400;
      if (row.cascade !== undefined) observeCascade(row.cascade);
      if (row.audit !== undefined) countPrivacy(row.privacy, row.audit);
      if (!hasFailed) answers.inc({ source: row.answerSource });
      duration.observe({ ...labels, error_type: hasFailed ? row.finish : '' }, row.totalMs / 1000);
      if (row.promptTokenCount > 0) {
        tokenUsage.observe({ ...labels, gen_ai_token_type: 'input' }, row.promptTokenCount);
        tokenUsage.observe({ ...labels, gen_ai_token_type: 'output' }, row.completionTokenCount);
      }
      if (row.firstTokenMs === null) return;
      const withClass = { ...labels, nearfar_class: row.priority ?? '' };
      timeToFirstToken.observe(withClass, row.firstTokenMs / 1000);
      if (hasFailed || row.completionTokenCount < 2) return;
      timePerToken.observe(
        withClass,
        (row.totalMs - row.firstTokenMs) / 1000 / (row.completionTokenCount - 1),
      );
    },
  };
}

function createNameBound(limit: number): (name: string | null) => string {
  const names = new Set<string>();
  return (name) => {
    if (name === null) return '_OTHER';
    if (names.has(name)) return name;
    if (names.size >= limit || name.length > 200) return '_OTHER';
    names.add(name);
    return name;
  };
}

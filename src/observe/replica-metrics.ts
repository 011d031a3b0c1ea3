import { Counter, Gauge, type Registry } from 'prom-client';

/** What a server behind an upstream is doing. Null: it does not tell, or told it too long ago. */
export interface ServerReading {
  readonly inFlightCount: number;
  readonly askedCount: number;
  readonly openBreakerCount: number;
  readonly recordedBlockCount: number;
  readonly trust: number;
  readonly slowness: number;
  readonly report: {
    readonly runningCount: number | null;
    readonly waitingCount: number | null;
    readonly kvUsage: number | null;
    readonly prefixQueryTokenCount: number | null;
    readonly prefixHitTokenCount: number | null;
  } | null;
}

export interface UpstreamReading {
  readonly upstream: string;
  readonly hedgeWonCount: number;
  readonly hedgeLostCount: number;
  /** In the order of the settings. */
  readonly replicas: readonly ServerReading[];
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly of: (reading: ServerReading) => number | null;
}

const gauges: readonly Metric[] = [
  {
    name: 'nearfar_upstream_in_flight_requests',
    help: 'Requests of this gateway under way at the replica.',
    of: (reading) => reading.inFlightCount,
  },
  {
    name: 'nearfar_upstream_open_breakers',
    help: 'Models that are left alone at the replica for a while, because they failed there.',
    of: (reading) => reading.openBreakerCount,
  },
  {
    name: 'nearfar_upstream_recorded_blocks',
    help: 'Prompt blocks of 256 characters that the replica should have cached.',
    of: (reading) => reading.recordedBlockCount,
  },
  {
    name: 'nearfar_upstream_cache_trust_ratio',
    help: 'Of what should have been cached at the replica, the share that was, lately.',
    of: (reading) => reading.trust,
  },
  {
    name: 'nearfar_upstream_slowness_ratio',
    help: 'Times to the first token at the replica over those of all replicas.',
    of: (reading) => reading.slowness,
  },
  {
    name: 'nearfar_upstream_reported_running_requests',
    help: 'Requests in the batch of the replica, as it reports.',
    of: (reading) => reading.report?.runningCount ?? null,
  },
  {
    name: 'nearfar_upstream_reported_waiting_requests',
    help: 'Requests that wait at the replica, as it reports.',
    of: (reading) => reading.report?.waitingCount ?? null,
  },
  {
    name: 'nearfar_upstream_reported_kv_usage_ratio',
    help: 'Share of the KV cache in use at the replica, as it reports.',
    of: (reading) => reading.report?.kvUsage ?? null,
  },
];

const counters: readonly Metric[] = [
  {
    name: 'nearfar_upstream_requests_total',
    help: 'Tries at the replica.',
    of: (reading) => reading.askedCount,
  },
  {
    name: 'nearfar_upstream_reported_prefix_query_tokens_total',
    help: 'Prompt tokens looked up in the prefix cache of the replica, as it reports.',
    of: (reading) => reading.report?.prefixQueryTokenCount ?? null,
  },
  {
    name: 'nearfar_upstream_reported_prefix_hit_tokens_total',
    help: 'Prompt tokens found in the prefix cache of the replica, as it reports.',
    of: (reading) => reading.report?.prefixHitTokenCount ?? null,
  },
];

/** Replicas are told apart by their number in the settings, from 1: addresses are nobody's business. */
export function registerReplicaMetrics(registry: Registry, read: () => readonly UpstreamReading[]): void {
  const registers = [registry];
  const labelNames = ['upstream', 'replica'] as const;
  const each = (
    { of }: Metric,
    set: (labels: { upstream: string; replica: string }, value: number) => void,
  ): void => {
    for (const { upstream, replicas } of read()) {
      replicas.forEach((reading, index) => {
        const value = of(reading);
        if (value !== null) set({ upstream, replica: String(index + 1) }, value);
      });
    }
  };
  for (const metric of gauges) {
    new Gauge({
      name: metric.name,
      help: metric.help,
      labelNames,
      registers,
      collect() {
        this.reset();
        each(metric, (labels, value) => {
          this.set(labels, value);
        });
      },
    });
  }
  for (const metric of counters) {
    new Counter({
      name: metric.name,
      help: metric.help,
      labelNames,
      registers,
      collect() {
        this.reset();
        each(metric, (labels, value) => {
          this.inc(labels, value);
        });
      },
    });
  }
  new Counter({
    name: 'nearfar_upstream_hedges_total',
    help: 'Requests of which a second was asked because the first token was late, by which of the two was first.',
    labelNames: ['upstream', 'first'] as const,
    registers,
    collect() {
      this.reset();
      for (const { upstream, hedgeWonCount, hedgeLostCount } of read()) {
        this.inc({ upstream, first: 'hedge' }, hedgeWonCount);
        this.inc({ upstream, first: 'original' }, hedgeLostCount);
      }
    },
  });
}

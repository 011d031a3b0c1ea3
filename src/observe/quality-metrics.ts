import { Counter, Gauge, type Registry } from 'prom-client';

/** What is known of answers' quality, by a judge. */
export interface QualityReading {
  /** Null: nothing is compared here. */
  readonly shadow: {
    readonly judgedCount: number;
    /** Given up, by why. */
    readonly droppedCounts: Readonly<Record<string, number>>;
    readonly pendingCount: number;
  } | null;
  readonly tiers: readonly {
    readonly tier: string;
    readonly judgedCount: number;
    readonly health: { readonly penalty: number };
  }[];
}

/** Read when a page is rendered. */
export function registerQualityMetrics(registry: Registry, read: () => QualityReading): void {
  const registers = [registry];
  new Counter({
    name: 'nearfar_shadow_judged_total',
    help: "Answers that were compared with another tier's.",
    registers,
    collect() {
      this.reset();
      this.inc(read().shadow?.judgedCount ?? 0);
    },
  });
  new Counter({
    name: 'nearfar_shadow_dropped_total',
    help: 'Answers that were to be compared and were not, by why: full, budget, answer, verdict, privacy, closing, store.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(read().shadow?.droppedCounts ?? {})) {
        this.inc({ reason }, count);
      }
    },
  });
  new Gauge({
    name: 'nearfar_shadow_pending',
    help: 'Comparisons that wait or run.',
    registers,
    collect() {
      this.set(read().shadow?.pendingCount ?? 0);
    },
  });
  new Gauge({
    name: 'nearfar_tier_penalty',
    help: 'What the route takes off the quality that is expected of a tier, 0 (fine) to 1: its judged answers have got worse.',
    labelNames: ['tier'],
    registers,
    collect() {
      this.reset();
      for (const { tier, health } of read().tiers) this.set({ tier }, health.penalty);
    },
  });
  new Gauge({
    name: 'nearfar_tier_judged_answers',
    help: "Judged answers of a tier's present model against the tier above.",
    labelNames: ['tier'],
    registers,
    collect() {
      this.reset();
      for (const { tier, judgedCount } of read().tiers) this.set({ tier }, judgedCount);
    },
  });
}

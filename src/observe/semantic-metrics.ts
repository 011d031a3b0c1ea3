import { Counter, Gauge, type Registry } from 'prom-client';

/** What the cache of questions in other words knows of itself. */
export interface SemanticReading {
  readonly lookupCount: number;
  readonly hitCount: number;
  readonly sameCount: number;
  readonly differentCount: number;
  readonly unpaidCount: number;
  readonly questionCount: number;
  readonly pools: readonly {
    readonly tenant: string;
    readonly privacy: string;
    readonly model: string;
    readonly isOpen: boolean;
    readonly estimate: {
      readonly checkCount: number;
      readonly rate: number;
      readonly lower: number;
      readonly upper: number;
    };
  }[];
}

/** Read when a page is rendered. */
export function registerSemanticMetrics(registry: Registry, read: () => SemanticReading | null): void {
  const registers = [registry];
  const counter = (name: string, help: string, of: (reading: SemanticReading) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(fromNull(read(), of));
      },
    });
  };
  counter(
    'nearfar_semantic_lookups_total',
    'Questions that were compared with kept ones.',
    (reading) => reading.lookupCount,
  );
  counter(
    'nearfar_semantic_hits_total',
    'Questions that got the answer of another one.',
    (reading) => reading.hitCount,
  );
  counter(
    'nearfar_semantic_unpaid_total',
    'Questions that would have got the answer of another one, had there been money for checks (cache.semantic.checkBudget).',
    (reading) => reading.unpaidCount,
  );
  new Counter({
    name: 'nearfar_semantic_checks_total',
    help: "Answers of the model that were compared with the nearest question's, by whether they were the same.",
    labelNames: ['answer'],
    registers,
    collect() {
      this.reset();
      this.inc({ answer: 'same' }, read()?.sameCount ?? 0);
      this.inc({ answer: 'different' }, read()?.differentCount ?? 0);
    },
  });
  new Gauge({
    name: 'nearfar_semantic_questions',
    help: 'Questions that can be found.',
    registers,
    collect() {
      this.set(read()?.questionCount ?? 0);
    },
  });
  const labelNames = ['tenant', 'privacy', 'model'] as const;
  new Gauge({
    name: 'nearfar_semantic_open',
    help: 'Whether hits are given: 1 where checks have shown that the share of wrong ones is within the budget.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { tenant, privacy, model, isOpen } of read()?.pools ?? []) {
        this.set({ tenant, privacy, model }, isOpen ? 1 : 0);
      }
    },
  });
  new Gauge({
    name: 'nearfar_semantic_wrong_rate',
    help:
      'Share of would-be hits that would have been wrong, of the latest 1,000 that were checked: the estimate and the ends of ' +
      'its 95% interval (Clopper-Pearson).',
    labelNames: [...labelNames, 'bound'],
    registers,
    collect() {
      this.reset();
      for (const { tenant, privacy, model, estimate } of read()?.pools ?? []) {
        const labels = { tenant, privacy, model };
        this.set({ ...labels, bound: 'estimate' }, estimate.rate);
        this.set({ ...labels, bound: 'lower' }, estimate.lower);
        this.set({ ...labels, bound: 'upper' }, estimate.upper);
      }
    },
  });
}

function fromNull(reading: SemanticReading | null, of: (reading: SemanticReading) => number): number {
  return reading === null ? 0 : of(reading);
}

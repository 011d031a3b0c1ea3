import { Counter, Histogram, type Registry } from 'prom-client';
import type { LedgerRow } from '../ledger/row.ts';

/** What cascades spent on near models before an answer began. */
export function registerCascadeMetrics(
  registry: Registry,
): (outcome: NonNullable<LedgerRow['cascade']>) => void {
  const registers = [registry];
  const judged = new Counter({
    name: 'nearfar_cascade_judged_total',
    help: 'Answers of a near model whose beginning was judged before any of it was shown: sure or escalated.',
    labelNames: ['outcome'],
    registers,
  });
  const tokens = new Counter({
    name: 'nearfar_cascade_unshown_tokens_total',
    help: 'Tokens of near models that were unsure: written and never shown.',
    registers,
  });
  const held = new Histogram({
    name: 'nearfar_cascade_held_seconds',
    help: 'From the start of the near model to the judgement.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8],
    labelNames: ['outcome'],
    registers,
  });
  return ({ isEscalated, tokenCount, ms }) => {
    const outcome = isEscalated ? 'escalated' : 'sure';
    judged.inc({ outcome });
    held.observe({ outcome }, ms / 1000);
    if (isEscalated) tokens.inc(tokenCount);
  };
}

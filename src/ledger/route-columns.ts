import type { LedgerTable } from '../store/schema.ts';
import type { LedgerRoute, LedgerRow } from './row.ts';

type RouteColumns = Pick<
  LedgerTable,
  | 'tier'
  | 'policy'
  | 'difficulty'
  | 'task'
  | 'tier_costs'
  | 'observed_tier'
  | 'observed_model'
  | 'observed_micros'
>;

const none: RouteColumns = {
  tier: null,
  policy: null,
  difficulty: null,
  task: null,
  tier_costs: null,
  observed_tier: null,
  observed_model: null,
  observed_micros: null,
};

/** What the router decided, as the store keeps it. */
export function toRouteColumns(route: LedgerRoute | undefined): RouteColumns {
  if (route === undefined) return none;
  const { tier, policy, difficulty, task, expected, observed } = route;
  return {
    tier,
    policy,
    difficulty,
    task,
    tier_costs: JSON.stringify(expected.map(({ tier: name, model, micros }) => [name, model, micros])),
    observed_tier: observed?.tier ?? null,
    observed_model: observed?.model ?? null,
    // The estimate is a fraction, the column holds whole millionths.
    observed_micros: observed === undefined || observed.micros === null ? null : Math.round(observed.micros),
  };
}

/** The inverse of `toRouteColumns`. */
export function fromRouteColumns(row: RouteColumns): Pick<LedgerRow, 'route'> {
  if (row.policy === null) return {};
  const costs = JSON.parse(row.tier_costs ?? '[]') as readonly [string, string, number | null][];
  return {
    route: {
      tier: row.tier,
      policy: row.policy,
      difficulty: row.difficulty,
      task: row.task,
      expected: costs.map(([tier, model, micros]) => ({ tier, model, micros })),
      ...(row.observed_tier === null || row.observed_model === null
        ? {}
        : {
            observed: {
              tier: row.observed_tier,
              model: row.observed_model,
              micros: row.observed_micros,
            },
          }),
    },
  };
}

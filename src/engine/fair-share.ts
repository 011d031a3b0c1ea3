/**
 * Virtual token counters (Sheng et al. 2024, "Fairness in Serving Large Language Models"): what each tenant
 * of one class was served. The tenant with the lowest counter goes next. One that comes (back) to the queue is lifted to
 * the lowest that waits there, or where nobody waits, to that of the one who left last, so that idle time earns no credit.
 *
 * What that guarantees (the paper's bound for backlogged clients, here for a batch that is bounded in sequences and not in tokens). Let
 * L be the longest prompt, m the longest answer, P the most sequences at once and U = inputWeight*L + outputWeight*P*m.
 * The counters of tenants who wait lie within U of each other: after a tenant's last admission, for which it was lowest,
 * its counter grows by that prompt and by what its running sequences, at most P, still write; all others only grow.
 * A tenant that joins is lifted to a counter of those, which keeps it so. Hence over any interval in which two
 * tenants wait throughout, what they are served differs by at most 2U. Prompts count as what no cache held. Three
 * things step outside of it: one sequence that a class sends ahead (see ClassQueue), prompts that wait for a prefix that
 * another is computing, and a round of admissions whose prompts are charged in advance for more than they turn out to need.
 */
export interface FairShare {
  /** One of the tenant's requests joins the queue, in which requests of `queuedTenants` wait already. */
  join(tenant: string, queuedTenants: ReadonlySet<string>): void;
  /** One of the tenant's requests leaves the queue to be computed. */
  leave(tenant: string): void;
  charge(tenant: string, service: Service): void;
  counterOf(tenant: string): number;
}

export interface Service {
  readonly inputTokenCount: number;
  readonly outputTokenCount: number;
}

/** The paper's weights: an output token costs a step's share of its own, input tokens are computed together. */
const inputWeight = 1;
const outputWeight = 2;

export function weightOf(service: Service): number {
  return inputWeight * service.inputTokenCount + outputWeight * service.outputTokenCount;
}

export function createFairShare(): FairShare {
  const counters = new Map<string, number>();
  let lastToLeave: string | null = null;
  const counterOf = (tenant: string): number => counters.get(tenant) ?? 0;

  return {
    join(tenant, queuedTenants) {
      if (queuedTenants.has(tenant)) return;
      let floor = Infinity;
      for (const queued of queuedTenants) floor = Math.min(floor, counterOf(queued));
      if (queuedTenants.size === 0) floor = lastToLeave === null ? 0 : counterOf(lastToLeave);
      counters.set(tenant, Math.max(counterOf(tenant), floor));
    },
    leave(tenant) {
      lastToLeave = tenant;
    },
    charge(tenant, service) {
      counters.set(tenant, counterOf(tenant) + weightOf(service));
    },
    counterOf,
  };
}

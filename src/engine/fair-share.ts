/**
 * Virtual token counters (Sheng et al. 2024, "Fairness in Serving Large Language Models"): what each tenant
 * of one class was served. The tenant with the lowest counter goes next. One that comes (back) to the queue is lifted to
 * the lowest that waits there, so that idle time earns no credit.
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

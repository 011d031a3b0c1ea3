type Fields = Readonly<Record<string, unknown>>;

/** What the key of an imported proxy may spend. */
export interface ImportedBudget {
  readonly budgetPerDay?: number;
  readonly budgetPerMonth?: number;
}

/**
 * Pure: the budget of LiteLLM's whole proxy as one of its key, for here budgets belong to keys and to days or months.
 * @param hasKey whether there is a key to have it
 */
export function litellmBudget(
  { max_budget: most, budget_duration: duration }: Fields,
  hasKey: boolean,
): { readonly budget: ImportedBudget; readonly notes: readonly string[] } {
  if (most === undefined) return { budget: {}, notes: [] };
  const place = 'litellm_settings.max_budget';
  if (typeof most !== 'number' || !(most >= 0))
    return { budget: {}, notes: [`${place}: is no amount of money`] };
  const period = periodOf(duration);
  if (period === null) {
    const told = typeof duration === 'string' ? duration : 'for ever';
    return {
      budget: {},
      notes: [`${place}: ${told}: budgets are of a day or a month here; not carried over`],
    };
  }
  if (!hasKey) {
    const option = period === 'day' ? '--per-day' : '--per-month';
    return {
      budget: {},
      notes: [`${place}: budgets belong to keys here: nearfar keys create NAME ${option} ${most}`],
    };
  }
  return {
    budget: period === 'day' ? { budgetPerDay: most } : { budgetPerMonth: most },
    notes: [`${place}: is the budget of the key master; others have their own (nearfar keys create NAME)`],
  };
}

/** Null: neither. */
function periodOf(duration: unknown): 'day' | 'month' | null {
  const [, count = '', unit = ''] =
    /^(\d+)(s|m|h|d|w|mo)$/.exec(typeof duration === 'string' ? duration : '') ?? [];
  const hours = { s: 1 / 3600, m: 1 / 60, h: 1, d: 24, w: 168, mo: 730 }[unit];
  const length = hours === undefined ? 0 : Number(count) * hours;
  if (length === 24) return 'day';
  return length >= 28 * 24 && length <= 31 * 24 ? 'month' : null;
}

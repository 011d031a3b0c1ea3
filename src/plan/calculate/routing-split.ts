import { requireNumber } from './figure.ts';

/** A model and what of the traffic it gets. */
export interface SplitShare {
  readonly name: string;
  /** 0 to 1; all together 1. */
  readonly share: number;
  /** Of one request, in one currency. */
  readonly costPerRequest: number;
  /** Mean quality on what it gets, 0 to 1; `null` = not measured. */
  readonly quality: number | null;
}

export interface SplitOutcome {
  readonly costPerRequest: number;
  /** Saved against everything to the dearest of them; 0 to 1. */
  readonly saving: number;
  /** `null` where that of a share is not known: an unknown quality is not assumed. */
  readonly quality: number | null;
}

/** Cost and quality of sending traffic to several models. @throws RangeError where the shares are not a whole */
export function splitOutcome(shares: readonly SplitShare[]): SplitOutcome {
  const whole = shares.reduce(
    (sum, { name, share }) => sum + requireNumber(`share of ${name}`, share, 0, 1),
    0,
  );
  if (Math.abs(whole - 1) > 1e-6) throw new RangeError(`shares: expected a sum of 1, got ${whole}`);
  const costPerRequest = shares.reduce(
    (sum, one) => sum + one.share * requireNumber(`cost of ${one.name}`, one.costPerRequest),
    0,
  );
  const dearest = Math.max(...shares.map((one) => one.costPerRequest));
  const used = shares.filter(({ share }) => share > 0);
  return {
    costPerRequest,
    saving: dearest === 0 ? 0 : 1 - costPerRequest / dearest,
    quality: used.some(({ quality }) => quality === null)
      ? null
      : used.reduce((sum, { share, quality }) => sum + share * (quality ?? 0), 0),
  };
}

import type { LoadedSettings } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import type { ReferenceModel } from '../ledger/cost-report.ts';
import type { TokenPrice } from '../ledger/cost.ts';
import { tokenPrice, type PriceTable } from '../ledger/prices.ts';
import { UsageError } from './command.ts';
import { billingOf, farModelId } from './upstreams.ts';

/** A model that costs are compared with, and what a reader must know of it. */
export interface NamedReference extends ReferenceModel {
  /** Where its price is from. */
  readonly source: string;
  /** Why this one. */
  readonly reason: string;
}

export interface ReferenceModels {
  /** What a request would have gone to that was answered near; null: no far model with a price. */
  readonly far: NamedReference | null;
  /** The best single model. */
  readonly best: NamedReference | null;
}

interface Candidate {
  readonly name: string;
  readonly price: TokenPrice;
  readonly source: string;
}

/**
 * The best single model is the one that is named, else the dearest that the upstreams list, else the dearest of the price
 * table: nobody's list says which is best, and a provider's price is what it thinks of its models.
 * @throws UsageError where the named one has no known price
 */
export function referenceModels(
  loaded: LoadedSettings,
  prices: PriceTable,
  against: string | undefined,
): ReferenceModels {
  const own = ownCandidates(loaded, prices);
  const listed = prices.entries.map(({ host, model, price, date }): Candidate => ({
    name: `${host}/${model}`,
    price,
    source: `list of ${date}`,
  }));
  const best =
    against !== undefined
      ? { ...named(against, own, listed), reason: 'as --against says' }
      : (dearest(own, 'the dearest of the models that the upstreams list') ??
        dearest(listed, 'the dearest of the price table, for the upstreams list none with a price'));
  return { far: farReference(loaded, prices, own) ?? best, best };
}

function ownCandidates(loaded: LoadedSettings, prices: PriceTable): readonly Candidate[] {
  return loaded.settings.upstreams.flatMap(({ name, baseUrl, models }) =>
    models.flatMap((model): Candidate[] => {
      const id = `${name}/${model.name}`;
      if (model.price !== undefined)
        return [{ name: id, price: tokenPrice(model.price), source: 'settings' }];
      const entry = prices.find(new URL(baseUrl).hostname, model.name);
      return entry === null ? [] : [{ name: id, price: entry.price, source: `list of ${entry.date}` }];
    }),
  );
}

function farReference(
  loaded: LoadedSettings,
  prices: PriceTable,
  own: readonly Candidate[],
): NamedReference | null {
  const id = farModelId(loaded.settings);
  if (id === null) return null;
  const reason = 'the model that far stands for';
  const known = own.find(({ name }) => name === id);
  if (known !== undefined) return { ...known, reason };
  const { price } = billingOf(id, loaded.settings.upstreams, prices);
  return price === null ? null : { name: id, price, source: 'price list', reason };
}

function dearest(candidates: readonly Candidate[], reason: string): NamedReference | null {
  const [first] = candidates.toSorted(
    ({ price: one }, { price: other }) =>
      other.completionMicrosPerMillion - one.completionMicrosPerMillion ||
      other.promptMicrosPerMillion - one.promptMicrosPerMillion,
  );
  return first === undefined ? null : { ...first, reason };
}

function named(wanted: string, own: readonly Candidate[], listed: readonly Candidate[]): Candidate {
  const all = [...own, ...listed];
  const found =
    all.find(({ name }) => name === wanted) ??
    all.find(({ name }) => name.slice(name.indexOf('/') + 1) === wanted);
  if (found !== undefined) return found;
  const names = all.flatMap(({ name }) => [name, name.slice(name.indexOf('/') + 1)]);
  const near = nearest(wanted, names);
  throw new UsageError(
    `--against: no price is known of "${wanted}"${near === null ? '; "nearfar prices" lists those that are' : `; did you mean ${near}?`}`,
  );
}

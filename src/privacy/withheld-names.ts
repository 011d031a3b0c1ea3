import type { LedgerRow } from '../ledger/row.ts';
import type { ScanText } from './scan-text.ts';

/** In the place of a model's name that tells something of somebody; behind it the type that was found. */
const withheld = '[withheld]';
/** Names that are looked at again without being read again. */
const keptCount = 1000;

/**
 * A client chooses the name of the model that it asks for, and may have put anything there: what the settings do not know and a
 * detector finds something in is kept out of ledger and audit. Pure but for what it remembers.
 */
export function createWithholdNames(
  scan: ScanText,
  isKnown: (name: string) => boolean,
): (row: LedgerRow) => LedgerRow {
  const read = new Map<string, boolean>();

  function tells(name: string | null): name is string {
    if (name === null || isKnown(name)) return false;
    let isTold = read.get(name);
    if (isTold === undefined) {
      // Names of models are random words themselves.
      isTold = scan(name).some(
        ({ detector }) =>
          !['secret.entropy', 'secret.named', 'person.name', 'person.context'].includes(detector),
      );
      if (read.size >= keptCount) read.clear();
      read.set(name, isTold);
    }
    return isTold;
  }

  return (row) => {
    const names = [row.requestedModel, row.answeringModel].filter(tells);
    if (names.length === 0) return row;
    const without = (text: string): string =>
      names.reduce((left, name) => left.replaceAll(name, withheld), text);
    return {
      ...row,
      requestedModel: tells(row.requestedModel) ? withheld : row.requestedModel,
      answeringModel: tells(row.answeringModel) ? withheld : row.answeringModel,
      routeReasons: row.routeReasons.map(without),
    };
  };
}

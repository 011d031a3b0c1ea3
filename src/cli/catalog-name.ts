import { chooseFromCatalog } from '../models/catalog.ts';
import { parseReference } from '../models/reference.ts';

/** Whether the catalog knows a model by this reference. */
export function isInCatalog(reference: string): boolean {
  try {
    const parsed = parseReference(reference);
    return parsed.scheme === 'catalog' && chooseFromCatalog(parsed.id, parsed.format) !== null;
  } catch {
    return false;
  }
}

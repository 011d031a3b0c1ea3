import { createScanText } from '../privacy/scan-text.ts';
import type { ScanText } from '../privacy/scan-text.ts';

/**
 * The gateway's detectors with all that they know of names: by far the largest chunk, loaded before the first request that could
 * leave the page.
 * @throws NearfarError `invalid_request` where one of the page's own terms is no pattern
 */
export function openDetectors(terms: readonly (string | RegExp)[]): ScanText {
  if (terms.length === 0) return createScanText();
  const words = terms.filter((term) => typeof term === 'string');
  const patterns = terms.filter((term) => typeof term !== 'string').map(({ source }) => source);
  return createScanText({ terms: [{ name: 'page', words, patterns }] });
}

import { NearfarError } from '../../chat/error.ts';
import { matches, type Detector } from './span.ts';

/** The owner's own words: customers, projects, code names. */
export interface OwnTerm {
  /** In the reason code, which goes into logs and audit rows: not the word itself. */
  readonly name: string;
  /** Found as whole words, in any case. */
  readonly words: readonly string[];
  /** JavaScript regular expressions. */
  readonly patterns: readonly string[];
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');

/** @throws NearfarError `invalid_request` naming the term whose pattern cannot be read */
export function createOwnTerms(terms: readonly OwnTerm[]): Detector {
  const compiled = terms.flatMap(({ name, words, patterns }) => {
    const list: { detector: string; pattern: RegExp }[] = [];
    const spelled = words.map((one) => escape(one.normalize('NFKC'))).filter((one) => one !== '');
    if (spelled.length > 0)
      list.push({
        detector: `own_term.${name}`,
        pattern: new RegExp(`(?<![\\p{L}\\p{N}])(?:${spelled.join('|')})(?![\\p{L}\\p{N}])`, 'giu'),
      });
    for (const source of patterns) {
      try {
        list.push({ detector: `own_term.${name}`, pattern: new RegExp(source, 'giu') });
      } catch (error) {
        throw new NearfarError(
          'invalid_request',
          `The pattern of ${name} is not a regular expression: ${source}`,
          { field: 'privacy.terms', cause: error },
        );
      }
    }
    return list;
  });
  return {
    name: 'own_term',
    find: (text) =>
      compiled.flatMap(({ detector, pattern }) => matches(text, pattern, { type: 'own_term', detector })),
  };
}

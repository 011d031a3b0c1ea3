/** Queries on their way at the same time; what comes meanwhile goes in the next one together. */
const queriesAtOnce = 2;
/** Hashes of one query; more wait for the next. */
const hashesPerQuery = 1000;

interface Waiting {
  /** Since when. */
  readonly at: number;
  readonly hashes: readonly string[];
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * Looks up many things in few queries: the first are asked about at once, and those that arrive while queries are on their way
 * share the next, as a group commit does. Nothing is answered by a query that began before it was asked, so that nobody is told
 * what was true only earlier.
 * @param find of all hashes that were asked about; what it throws all of them get
 * @param patienceMs who waited longer for a query is not asked about any more: nobody waits for it, and while queries hang there
 *   would be more of them all the time
 * @param now milliseconds of a clock that never goes back
 */
export function createJointLookup(
  find: (hashes: readonly string[]) => Promise<void>,
  patienceMs = Infinity,
  now: () => number = () => performance.now(),
): (hashes: readonly string[]) => Promise<void> {
  const waiting: Waiting[] = [];
  let flyingCount = 0;

  function fly(): void {
    const since = now() - patienceMs;
    for (let first = waiting[0]; first !== undefined && first.at < since; first = waiting[0]) {
      waiting.shift();
      first.reject(new Error('No query began in time.'));
    }
    while (flyingCount < queriesAtOnce && waiting.length > 0) {
      const group = takeGroup();
      flyingCount += 1;
      void find([...new Set(group.flatMap(({ hashes }) => hashes))])
        .then(
          () => {
            for (const { resolve } of group) resolve();
          },
          (thrown: unknown) => {
            for (const { reject } of group) reject(thrown);
          },
        )
        .finally(() => {
          flyingCount -= 1;
          fly();
        });
    }
  }

  function takeGroup(): readonly Waiting[] {
    let hashCount = 0;
    let end = 0;
    for (const { hashes } of waiting) {
      hashCount += hashes.length;
      if (end > 0 && hashCount > hashesPerQuery) break;
      end += 1;
    }
    return waiting.splice(0, end);
  }

  return (hashes) =>
    new Promise((resolve, reject) => {
      waiting.push({ at: now(), hashes, resolve, reject });
      fly();
    });
}

import type { Benchmark, Row, Side } from './benchmark.ts';
import { readClassCounters, type ClassCounters } from './class-counters.ts';
import { arrivals, capacityOf, sendAll, type Ending } from './open-loop.ts';
import { proseWords } from './prompts.ts';
import { quantile, rounded } from './stats.ts';
import { ask, startPeerSide, verifyServers } from './sides.ts';
import type { ChatJob } from './stream-client.ts';

/** A person's short question, and one of many records that a job goes through: no two share a prefix. */
const person = { wordCount: 30, outputTokenCount: 12 };
const bulk = { wordCount: 120, outputTokenCount: 32 };
const personShare = 0.3;
const loads = [0.3, 0.5, 2] as const;
const slotCount = 16;
/** After the last person came, bulk goes on for so long at most. */
const drainMs = 90_000;
/** llama-server queues without end: it gets the beginning of the same arrivals and so much time after them. */
const peerDrainMs = 30_000;

interface Phase {
  readonly load: number;
  readonly people: readonly Ending[];
  readonly bulk: readonly Ending[];
  readonly counters: ClassCounters | null;
}

/** People at 0.3 of what the machine can do, alone and while bulk fills it to 0.5 and to 2. */
export const overload: Benchmark = async (setup) => {
  const personCount = setup.quick ? 60 : 400;
  const peerPersonCount = setup.quick ? 30 : 120;
  const measureMs = setup.quick ? 5000 : 10_000;
  const peer = await setup.openPeer();
  const agreement = await verifyServers(setup, peer);
  const side = await setup.nearfar.start();
  let capacity: { person: number; bulk: number };
  const phases: Phase[] = [];
  try {
    await ask(side, { system: null, user: 'Say hello.', outputTokenCount: 8 });
    setup.progress('measuring capacity');
    const options = { atOnce: slotCount, settleMs: 2000, measureMs };
    // Bulk first: once people have come its steps are kept short for them.
    const ofBulk = await capacityOf(side, (index) => bulkJob(100_000 + index), options);
    const ofPeople = await capacityOf(side, (index) => personJob(200_000 + index), options);
    capacity = { person: ofPeople, bulk: ofBulk };
    for (const load of loads) {
      setup.progress(`nearfar at ${load} of capacity`);
      phases.push(await runPhase(side, load, capacity, personCount, drainMs, true));
    }
  } finally {
    await side.stop();
  }
  const peerPhases: Phase[] = [];
  // Every slot has a context of its own in its defaults; sixteen of them are what our side decodes at once.
  const flags = ['-np', String(slotCount), '-c', String(slotCount * 1024)];
  for (const load of loads.slice(1)) {
    setup.progress(`llama-server at ${load} of our capacity`);
    const theirs = await startPeerSide(peer, flags);
    try {
      await ask(theirs, { system: null, user: 'Say hello.', outputTokenCount: 8 });
      peerPhases.push(await runPhase(theirs, load, capacity, peerPersonCount, peerDrainMs, false));
    } finally {
      await theirs.stop();
    }
  }
  requireProperEnds(phases);
  const p95 = (list: readonly Phase[], load: number): number =>
    firstTokens(
      list.find((phase) => phase.load === load),
      0.95,
    );
  const figures = {
    ttft_ratio: p95(phases, 2) / p95(phases, 0.5),
    ttft_ratio_to_alone: p95(phases, 2) / p95(phases, 0.3),
    peer_ttft_ratio: p95(peerPhases, 2) / p95(peerPhases, 0.5),
    capacity_people_per_s: capacity.person,
    capacity_bulk_per_s: capacity.bulk,
  };
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
    targets: [{ key: 'ttft_ratio', value: figures.ttft_ratio, atMost: 1.5 }],
    rows: [
      ...phases.map((phase) => rowOf('nearfar', phase)),
      ...peerPhases.map((phase) => rowOf(['llama-server', ...flags].join(' '), phase)),
    ],
    notes: [
      `Capacity is requests/s with ${slotCount} always under way: ${rounded(capacity.person, 3)} of a person's ` +
        `(${person.wordCount} words, ${person.outputTokenCount} tokens out), ${rounded(capacity.bulk, 3)} of bulk ` +
        `(${bulk.wordCount} words, ${bulk.outputTokenCount} out). A load of 0.5 is 0.3 of the first and 0.2 of the second.`,
      `Open loop: Poisson arrivals with fixed seeds, ${personCount} people a phase, times from when a request was due; bulk ` +
        'comes for as long as people do and is then let run out. ttft_ratio: p95 of the time to the first token at load 2 ' +
        'over that at 0.5; ttft_ratio_to_alone: over that at 0.3, without bulk.',
      `llama-server has no classes: it gets the first ${peerPersonCount} people of the same arrivals, and is stopped ` +
        `${peerDrainMs / 1000} s after the last; what had no first token by then counts as if it came at that moment.`,
      'Checked: every admitted request of nearfar ended in one finish with all its tokens, every refused one was of bulk ' +
        `and was a 429 with Retry-After; ${agreement}.`,
    ],
  };
};

async function runPhase(
  side: Side,
  load: number,
  capacity: { readonly person: number; readonly bulk: number },
  personCount: number,
  drain: number,
  hasClasses: boolean,
): Promise<Phase> {
  const before = hasClasses ? await readClassCounters(side.origin, 'bulk') : null;
  const seed = Math.round(load * 1000);
  const people = { rate: personShare * capacity.person, seed, job: personJob };
  const peopleTimes = arrivals(people, (count) => count >= personCount);
  const end = peopleTimes.at(-1) ?? 0;
  const bulkRate = (load - personShare) * capacity.bulk;
  const bulkTraffic = { rate: bulkRate, seed: seed + 1, job: bulkJob };
  const bulkTimes = bulkRate > 0 ? arrivals(bulkTraffic, (_, at) => at > end) : [];
  const [ofPeople, ofBulk] = await Promise.all([
    sendAll(side, peopleTimes, (index) => personJob(seed * 10_000 + index), end + drain),
    sendAll(side, bulkTimes, (index) => bulkJob(seed * 10_000 + 5000 + index), end + drain),
  ]);
  const after = hasClasses ? await readClassCounters(side.origin, 'bulk') : null;
  const counters =
    before === null || after === null
      ? null
      : {
          swapOuts: after.swapOuts - before.swapOuts,
          resumedTokens: after.resumedTokens - before.resumedTokens,
          recomputedTokens: after.recomputedTokens - before.recomputedTokens,
        };
  return { load, people: ofPeople, bulk: ofBulk, counters };
}

const personJob = (seed: number): ChatJob => jobOf(seed, person, 'interactive');
const bulkJob = (seed: number): ChatJob => jobOf(seed, bulk, 'bulk');

function jobOf(seed: number, size: typeof person, priority: string): ChatJob {
  return {
    system: null,
    user: proseWords(seed, size.wordCount).join(' '),
    outputTokenCount: size.outputTokenCount,
    headers: { 'x-nearfar-priority': priority },
  };
}

/** @throws Error naming the first request that ended as none may */
function requireProperEnds(phases: readonly Phase[]): void {
  for (const { load, people, bulk: others } of phases) {
    const wrong = [
      ...people.filter(({ kind }) => kind !== 'finished'),
      ...others.filter((one) => {
        if (one.kind === 'refused') return one.status !== 429 || !one.hasRetryAfter;
        return one.kind !== 'finished';
      }),
    ];
    if (wrong.length > 0)
      throw new Error(`at load ${load}: ${wrong.length} wrong ends, e.g. ${JSON.stringify(wrong[0])}`);
  }
}

function firstTokens(phase: Phase | undefined, share: number): number {
  const { people } = phase ?? { people: [] };
  const times = people.map((one) => (one.kind === 'finished' ? one.firstTokenMs : peerDrainMs));
  return quantile(times, share);
}

function rowOf(label: string, phase: Phase): Row {
  const count = (kind: Ending['kind'], list: readonly Ending[]): number =>
    list.filter((one) => one.kind === kind).length;
  const { people, bulk: others, counters } = phase;
  const longest = Math.max(...people.map((one) => (one.kind === 'finished' ? one.totalMs : Infinity)));
  return {
    label: `${label}, load ${phase.load}`,
    cells: {
      'people p50 ms': rounded(firstTokens(phase, 0.5)),
      'p95 ms': rounded(firstTokens(phase, 0.95)),
      'max ms': rounded(firstTokens(phase, 1)),
      'longest answer ms': longest === Infinity ? 'unfinished' : rounded(longest),
      'people finished': `${count('finished', people)} of ${people.length}`,
      'bulk finished': `${count('finished', others)} of ${others.length}`,
      'bulk refused': count('refused', others),
      'swap-outs': counters?.swapOuts ?? '',
      'recomputed tokens': counters?.recomputedTokens ?? '',
    },
  };
}

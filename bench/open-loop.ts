import type { Side } from './benchmark.ts';
import { seededRandom } from '../src/random/seeded-random.ts';
import type { ChatJob, Recording } from './stream-client.ts';
import { readTranscript } from './transcript.ts';

/** Requests that come when they come, however the server fares. */
export interface Traffic {
  /** Arrivals per second, Poisson. */
  readonly rate: number;
  readonly seed: number;
  readonly job: (index: number) => ChatJob;
}

/** How one request ended. Milliseconds count from when it was due, so that a client that lags hides nothing. */
export type Ending =
  | {
      readonly kind: 'finished';
      readonly firstTokenMs: number;
      readonly totalMs: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly cachedTokenCount: number;
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly hasRetryAfter: boolean;
      readonly text: string;
    }
  /** Neither: an error event, no end, two ends, or the wrong number of tokens. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** Its time was up before it had ended. */
  | { readonly kind: 'unfinished' };

/** Due times in milliseconds, ascending. @param isEnough by count so far and the next due time */
export function arrivals(
  { rate, seed }: Traffic,
  isEnough: (count: number, at: number) => boolean,
): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  for (let at = 0; ;) {
    at += (-Math.log(1 - random()) / rate) * 1000;
    if (isEnough(times.length, at)) return times;
    times.push(at);
  }
}

/** Sends each job at its time. Resolves when all have ended, or at `untilMs` after the start with those cut off. */
export async function sendAll(
  side: Side,
  times: readonly number[],
  job: (index: number) => ChatJob,
  untilMs: number,
): Promise<Ending[]> {
  const stop = new AbortController();
  const startedAt = performance.now();
  const timers: NodeJS.Timeout[] = [
    setTimeout(() => {
      stop.abort();
    }, untilMs),
  ];
  const endings = times.map(
    (at, index) =>
      new Promise<Ending>((resolve) => {
        const send = (): void => {
          const own = job(index);
          side.client.stream(own, { signal: stop.signal }).then(
            (recording) => {
              resolve(
                stop.signal.aborted ? { kind: 'unfinished' } : endingOf(recording, own, startedAt + at),
              );
            },
            (error: unknown) => {
              resolve({ kind: 'broken', reason: error instanceof Error ? error.message : String(error) });
            },
          );
        };
        timers.push(setTimeout(send, at));
      }),
  );
  const ended = await Promise.all(endings);
  for (const timer of timers) clearTimeout(timer);
  return ended;
}

export function endingOf(recording: Recording, job: ChatJob, dueAt: number): Ending {
  const text = Buffer.concat(recording.arrivals.map(({ bytes }) => bytes)).toString('utf8');
  if (recording.status !== 200) {
    const hasRetryAfter = Number(recording.headers['retry-after']) >= 1;
    return { kind: 'refused', status: recording.status, hasRetryAfter, text };
  }
  const finishCount = text.match(/"finish_reason":\s*"/g)?.length ?? 0;
  const endCount = text.match(/^data: \[DONE\]/gm)?.length ?? 0;
  try {
    const transcript = readTranscript(recording);
    const first = transcript.tokens[0];
    if (finishCount !== 1 || endCount !== 1)
      return { kind: 'broken', reason: `${finishCount} finishes and ${endCount} ends` };
    if (first === undefined || transcript.completionTokenCount !== job.outputTokenCount)
      return { kind: 'broken', reason: `${transcript.completionTokenCount ?? 0} tokens came` };
    return {
      kind: 'finished',
      firstTokenMs: first.at - dueAt,
      totalMs: recording.endedAt - dueAt,
      headers: recording.headers,
      cachedTokenCount: transcript.cachedTokenCount ?? 0,
    };
  } catch (error) {
    return { kind: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Requests per second of a server that always has `atOnce` of them, after a while to get there. */
export async function capacityOf(
  side: Side,
  job: (index: number) => ChatJob,
  { atOnce, settleMs, measureMs }: { atOnce: number; settleMs: number; measureMs: number },
): Promise<number> {
  const from = performance.now() + settleMs;
  const until = from + measureMs;
  let sent = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      const own = job(sent++);
      const recording = await side.client.stream(own);
      const ending = endingOf(recording, own, recording.startedAt);
      if (ending.kind !== 'finished') throw new Error(`${side.label}: ${JSON.stringify(ending)}`);
      if (recording.endedAt >= from && recording.endedAt < until) done++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (done === 0) throw new Error(`${side.label} finished nothing in ${measureMs} ms`);
  return (done * 1000) / measureMs;
}

import process from 'node:process';
import { Client, type Dispatcher } from 'undici';
import { answerText, numbered, stubText } from './gateway-traffic.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { quantile } from './stats.ts';

/**
 * A closed loop over kept connections: each asks again when its answer has ended. Every answer must be a 200 that ends as
 * one does and is as long as one whose text was read; texts are read of the first ones and of one in `readEvery`, so that
 * the client does not cost more than what it measures.
 */

const readEvery = 64;
const nothing = Buffer.alloc(0);
/** Of the job at hand: numbers go on from job to job. */
let firstTurn = 0;

process.on('message', (job) => {
  void run(job as LoadJob).then((result) => process.send?.(result));
});

async function run(job: LoadJob): Promise<LoadResult> {
  const { connectionCount, until, mode } = job;
  const clients = Array.from(
    { length: connectionCount },
    () => new Client(job.origin, { pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 }),
  );
  const bodies = job.bodies.map((body) => Buffer.from(body));
  const readLengths = new Set<number>();
  const latencies: number[] = [];
  const faults: Record<string, number> = {};
  let askedCount = 0;
  const startedAt = performance.now();
  const isOver = (): boolean =>
    'seconds' in until
      ? performance.now() - startedAt >= until.seconds * 1000
      : askedCount >= until.requestCount;

  await Promise.all(
    clients.map(async (client) => {
      while (!isOver()) {
        const turn = askedCount++;
        const body = numbered(bodies[turn % bodies.length] ?? nothing, firstTurn + turn);
        const sentAt = performance.now();
        try {
          const answer = await ask(client, { method: 'POST', path: job.path, headers: job.headers, body });
          latencies.push(performance.now() - sentAt);
          check(answer, mode, readLengths, turn % readEvery === 0);
        } catch (error) {
          const what = error instanceof Error ? error.message : String(error);
          faults[what] = (faults[what] ?? 0) + 1;
        }
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all(clients.map((client) => client.close()));
  firstTurn += askedCount;
  if (latencies.length === 0) faults['no answer came'] = 1;
  return {
    answeredCount: latencies.length,
    seconds,
    p50Ms: latencies.length === 0 ? 0 : quantile(latencies, 0.5),
    p99Ms: latencies.length === 0 ? 0 : quantile(latencies, 0.99),
    faults,
  };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Below undici's `request`, which makes a stream for each body. */
function ask(client: Client, options: Dispatcher.DispatchOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    const chunks: Buffer[] = [];
    client.dispatch(options, {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, statusCode) => {
        status = statusCode;
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => {
        resolve({ status, body: Buffer.concat(chunks) });
      },
      onResponseError: (_controller, error) => {
        reject(error);
      },
    });
  });
}

const endOf = { json: '}', sse: 'data: [DONE]' };

/** @throws Error saying what is wrong with the answer */
function check({ status, body }: Answer, mode: LoadJob['mode'], lengths: Set<number>, isTurn: boolean): void {
  if (status !== 200) throw new Error(`status ${status}: ${body.toString('utf8').slice(0, 200)}`);
  if (!body.subarray(-40).toString('latin1').trimEnd().endsWith(endOf[mode])) throw new Error('a cut answer');
  if (lengths.has(body.length) && !isTurn) return;
  const text = answerText(mode, body.toString('utf8'));
  if (text !== stubText) throw new Error(`another text: ${text.slice(0, 200)}`);
  lengths.add(body.length);
}

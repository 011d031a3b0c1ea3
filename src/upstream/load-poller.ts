import type { LoadReport } from '../balance/load-report.ts';
import { createConnection, type Connection, type UpstreamAnswer } from './connection.ts';
import type { LoadEndpoints } from './load-endpoints.ts';

/** Asks replicas how they are while requests come in; without requests nobody is asked. */
export interface LoadPoller {
  /** A request came: whoever was not asked for a while is asked now. Does not wait. */
  touch(): void;
  /** Its health check answered that it is not well, when it was last asked. */
  isUnwell(index: number): boolean;
  /** Its last check failed, whatever the reason; also before the first one. Always false where there is nothing to ask. */
  isUnknown(index: number): boolean;
  close(): Promise<void>;
}

export interface LoadPollerOptions {
  /** With the path that the protocol's routes begin with, such as `/v1`. */
  readonly addresses: readonly { readonly baseUrl: string; readonly usesProxy: boolean }[];
  readonly endpoints: LoadEndpoints;
  /** The key's among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly onReport: (index: number, report: LoadReport) => void;
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
}

/** Longest that one question may take; what comes later is of no use. */
const patienceMs = 1_000;
const longestPauseMs = 30_000;
/** Engines' pages are some ten kilobytes long. */
const longestPage = 1024 * 1024;

interface Polled {
  readonly connection: Connection;
  /** Which of the places that tell the load is there. */
  place: number;
  isAsking: boolean;
  nextAt: number;
  failureCount: number;
  isUnwell: boolean;
  isKnown: boolean;
}

export function createLoadPoller(options: LoadPollerOptions): LoadPoller {
  const { addresses, endpoints, headers, intervalMs, onReport, now } = options;
  const closing = new AbortController();
  const replicas = addresses.map(({ baseUrl, usesProxy }): Polled => ({
    connection: createConnection({ baseUrl: rootOf(baseUrl), usesProxy, connectMs: patienceMs }),
    place: 0,
    isAsking: false,
    nextAt: -Infinity,
    failureCount: 0,
    isUnwell: false,
    isKnown: false,
  }));

  async function ask(connection: Connection, path: string): Promise<UpstreamAnswer> {
    const signal = AbortSignal.any([AbortSignal.timeout(patienceMs), closing.signal]);
    return connection.send({ method: 'GET', path, headers, body: null, signal });
  }

  /** Throws where it cannot be reached. */
  async function look(replica: Polled, index: number): Promise<void> {
    const health = await ask(replica.connection, endpoints.health);
    await health.body.dump({ limit: longestPage });
    replica.isUnwell = health.status !== 200;
    if (replica.isUnwell) throw new Error(`health check: status ${health.status}`);
    for (let tries = 0; tries < endpoints.loads.length; tries += 1) {
      const place = endpoints.loads[replica.place];
      if (place === undefined) return;
      const answer = await ask(replica.connection, place.path);
      const text = await readPage(answer);
      const report = answer.status === 200 && text !== null ? place.read(text) : null;
      if (report !== null) {
        onReport(index, report);
        return;
      }
      // Not there, or no such page: what it tells elsewhere is asked from now on.
      replica.place = (replica.place + 1) % endpoints.loads.length;
    }
    // Well, and tells no load: own counts are all there is.
  }

  async function poll(replica: Polled, index: number): Promise<void> {
    replica.isAsking = true;
    try {
      await look(replica, index);
      replica.isKnown = true;
      replica.failureCount = 0;
      replica.nextAt = now() + intervalMs;
    } catch {
      replica.isKnown = false;
      replica.failureCount += 1;
      replica.nextAt = now() + Math.min(longestPauseMs, intervalMs * 2 ** Math.min(10, replica.failureCount));
    } finally {
      replica.isAsking = false;
    }
  }

  return {
    touch() {
      if (closing.signal.aborted) return;
      replicas.forEach((replica, index) => {
        if (!replica.isAsking && now() >= replica.nextAt) void poll(replica, index);
      });
    },
    isUnwell: (index) => replicas[index]?.isUnwell ?? false,
    isUnknown: (index) => !(replicas[index]?.isKnown ?? false),
    async close() {
      closing.abort();
      await Promise.all(replicas.map(({ connection }) => connection.close()));
    },
  };
}

/** The address without the version that the protocol's routes begin with. */
function rootOf(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '').replace(/\/v\d+(beta)?$/, '');
}

/** Null where it is longer than any such page. */
async function readPage({ body }: UpstreamAnswer): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount > longestPage) return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

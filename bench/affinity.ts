import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alternating, type Benchmark, type BenchmarkSetup, type Row, type Side } from './benchmark.ts';
import type { ChildServer } from './child-server.ts';
import type { Peer } from './peer.ts';
import { createStore } from '../src/store/store.ts';
import { seededRandom } from '../src/random/seeded-random.ts';
import { proseWords } from './prompts.ts';
import { readComplete, record, sideOf, verifyAgreement } from './sides.ts';
import { median, quantile, rounded, summarize } from './stats.ts';
import { createStreamClient, type ChatJob } from './stream-client.ts';
import type { Transcript } from './transcript.ts';

const modes = ['prefix', 'least-loaded', 'round-robin'] as const;
type Mode = (typeof modes)[number];

/** Chats that come back turn by turn, several to one system prompt, some at a time. */
interface Load {
  readonly chatCount: number;
  readonly systemCount: number;
  readonly systemWordCount: number;
  readonly turnCount: number;
  readonly userCount: number;
}

const whole: Load = { chatCount: 16, systemCount: 4, systemWordCount: 350, turnCount: 5, userCount: 3 };
const quick: Load = { chatCount: 6, systemCount: 2, systemWordCount: 200, turnCount: 3, userCount: 2 };
const outputTokenCount = 16;
const questionWordCount = 30;
const modelId = 'pair/peer';
/** One thread each, four requests at a time, as many tokens of context as the chats need; all else as it comes. */
const flags = ['-t', '1', '-np', '4', '-c', '16384', '--metrics'];

interface Turn {
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
}

interface Run {
  readonly turns: readonly Turn[];
  readonly seconds: number;
  /** Requests at each server. */
  readonly askedCounts: readonly number[];
  /** Tries that a server failed, in the ledger's words. */
  readonly failures: readonly string[];
}

/**
 * Two llama-servers behind one upstream of ours. Each run begins with servers that have read nothing and a gateway that
 * knows nothing; the three ways of balancing take turns over the same chats.
 */
export const affinity: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 5);
  const load = setup.quick ? quick : whole;
  const peer = await setup.openPeer();
  const runs = new Map<Mode, Run[]>(modes.map((mode) => [mode, []]));
  let agreement = '';
  for (const [mode, repeat] of alternating(modes, repeatCount)) {
    setup.progress(`${mode}, repeat ${repeat + 1}`);
    await withPair(setup, peer, mode, async (gateway, servers) => {
      if (agreement === '') {
        agreement = await verifyAgreement(gateway, servers[0] ?? gateway, setup.quick ? 16 : 48);
        return;
      }
      runs.get(mode)?.push(await runChats(gateway, setup.nearfar.home, load, repeat));
    });
    // The first pair was warmed by the comparison of texts: it is measured on one that was not.
    if ([...runs.values()].every((list) => list.length === 0)) {
      await withPair(setup, peer, mode, async (gateway) => {
        runs.get(mode)?.push(await runChats(gateway, setup.nearfar.home, load, repeat));
      });
    }
  }
  const share = (mode: Mode): number => median((runs.get(mode) ?? []).map(cachedShare));
  const firstToken = (mode: Mode, part: number): number =>
    median(
      (runs.get(mode) ?? []).map(({ turns }) =>
        quantile(
          turns.map((turn) => turn.firstTokenMs),
          part,
        ),
      ),
    );
  const figures = {
    cached_share_prefix: share('prefix'),
    cached_share_least_loaded: share('least-loaded'),
    cached_share_round_robin: share('round-robin'),
    ttft_p50_ratio_to_round_robin: firstToken('prefix', 0.5) / firstToken('round-robin', 0.5),
    ttft_p95_ratio_to_round_robin: firstToken('prefix', 0.95) / firstToken('round-robin', 0.95),
    ttft_p50_ratio_to_least_loaded: firstToken('prefix', 0.5) / firstToken('least-loaded', 0.5),
    ttft_p95_ratio_to_least_loaded: firstToken('prefix', 0.95) / firstToken('least-loaded', 0.95),
  };
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
    targets: [],
    rows: modes.map((mode) => rowOf(mode, runs.get(mode) ?? [])),
    notes: [
      `${load.chatCount} chats of ${load.turnCount} turns over ${load.systemCount} system prompts of ` +
        `${load.systemWordCount} words, ${load.userCount} chats at a time, each turn ${questionWordCount} words and an answer of ` +
        `${outputTokenCount} tokens; two llama-servers (\`${flags.join(' ')}\`) behind one upstream of nearfar, begun anew ` +
        `for each run; ${repeatCount} runs of each, in turn over the same chats; medians over runs, quartiles in brackets.`,
      `Checked: through the gateway and at a server, ${agreement}; every answer of a run is whole and counted, no prompt ` +
        'has more cached tokens than tokens, and the servers got as many requests as were sent, and one more for each try that ' +
        'failed before its first token, which the other server then got.',
      'Each server has one thread, whatever is said of threads below. Both, the gateway and the load share the cores of one ' +
        'machine, so that a server alone is quicker than two at once.',
    ],
  };
};

async function withPair(
  setup: BenchmarkSetup,
  peer: Peer,
  mode: Mode,
  act: (gateway: Side, servers: readonly Side[]) => Promise<void>,
): Promise<void> {
  const servers: ChildServer[] = [];
  try {
    for (let index = 0; index < 2; index += 1) servers.push(await peer.start(flags));
    const [first, ...rest] = servers.map(({ origin }) => `${origin}/v1`);
    const upstream = {
      name: 'pair',
      preset: 'llama.cpp',
      baseUrl: first,
      replicas: rest,
      models: ['peer'],
      balance: mode,
    };
    const own = await setup.nearfar.start([`upstreams=${JSON.stringify([upstream])}`]);
    const client = createStreamClient(own.origin, modelId);
    const sides = servers.map((server) => sideOf('llama-server', 'peer', server));
    try {
      await act({ ...own, client }, sides);
    } finally {
      await client.close();
      await own.stop();
      await Promise.all(sides.map((side) => side.client.close()));
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Every user takes the next chat when his is over, and asks its turns one after the other. */
async function runChats(gateway: Side, home: string, load: Load, seed: number): Promise<Run> {
  const turns: Turn[] = [];
  const startedAt = performance.now();
  let next = 0;
  const user = async (): Promise<void> => {
    while (next < load.chatCount) {
      const chat = next;
      next += 1;
      turns.push(...(await runChat(gateway, load, chat, seed)));
    }
  };
  await Promise.all(Array.from({ length: load.userCount }, user));
  const seconds = (performance.now() - startedAt) / 1000;
  const askedCounts = await readAsked(gateway);
  const asked = askedCounts.reduce((sum, count) => sum + count, 0);
  // Rows come to the ledger together, a moment later.
  await sleep(500);
  const failures = await readFailures(home, turns.length);
  // One that a server failed is asked of the other: both count, and the ledger says so.
  if (asked !== turns.length + failures.length) {
    throw new Error(
      `${turns.length} requests were sent and ${asked} reached the servers; failed: ${failures.join(', ') || 'none'}`,
    );
  }
  return { turns, seconds, askedCounts, failures };
}

async function runChat(gateway: Side, load: Load, chat: number, seed: number): Promise<readonly Turn[]> {
  const system = proseWords(1000 * (seed + 1) + (chat % load.systemCount), load.systemWordCount).join(' ');
  const messages: { role: string; content: string }[] = [{ role: 'system', content: system }];
  const turns: Turn[] = [];
  const random = seededRandom(seed * 7919 + chat);
  for (let turn = 0; turn < load.turnCount; turn += 1) {
    const content = proseWords(Math.floor(random() * 1e6), questionWordCount).join(' ');
    messages.push({ role: 'user', content });
    const job: ChatJob = { system: null, user: content, outputTokenCount, fields: { messages } };
    const recording = await record(gateway, job);
    const transcript = readComplete(gateway, job, recording);
    turns.push(readTurn(transcript, recording.startedAt, recording.endedAt));
    messages.push({ role: 'assistant', content: transcript.text });
  }
  return turns;
}

/** @throws Error where the counts cannot be */
function readTurn(transcript: Transcript, startedAt: number, endedAt: number): Turn {
  const { promptTokenCount, cachedTokenCount } = transcript;
  const [first] = transcript.tokens;
  if (first === undefined || promptTokenCount === null || cachedTokenCount === null) {
    throw new Error('an answer came without text or without its counts');
  }
  if (cachedTokenCount > promptTokenCount) {
    throw new Error(`${cachedTokenCount} of ${promptTokenCount} prompt tokens were cached`);
  }
  return {
    firstTokenMs: first.at - startedAt,
    totalMs: endedAt - startedAt,
    promptTokenCount,
    cachedTokenCount,
  };
}

/** Tries of the last requests that a server failed, by the ledger. */
async function readFailures(home: string, requestCount: number): Promise<readonly string[]> {
  const store = await createStore({ path: join(home, 'ledger.sqlite') });
  try {
    const rows = await store.db
      .selectFrom('ledger')
      .select('route_reasons')
      .orderBy('started_at', 'desc')
      .limit(requestCount)
      .execute();
    return rows.flatMap(
      ({ route_reasons: reasons }) => reasons.match(/replica \d of 2 failed \(\w+\)/g) ?? [],
    );
  } finally {
    await store.close();
  }
}

/** Requests that the gateway sent to each server, by its metrics. */
async function readAsked(gateway: Side): Promise<readonly number[]> {
  const page = await (await fetch(`${gateway.origin}/metrics`)).text();
  return [...page.matchAll(/^nearfar_upstream_requests_total\{[^}]*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
}

function cachedShare({ turns }: Run): number {
  const sum = (of: (turn: Turn) => number): number => turns.reduce((total, turn) => total + of(turn), 0);
  return sum((turn) => turn.cachedTokenCount) / sum((turn) => turn.promptTokenCount);
}

function rowOf(mode: Mode, runs: readonly Run[]): Row {
  const spread = (values: readonly number[], digits = 3): string => {
    const { median: middle, q1, q3 } = summarize(values);
    return `${rounded(middle, digits)} (${rounded(q1, digits)}-${rounded(q3, digits)})`;
  };
  const firstTokens = (part: number): readonly number[] =>
    runs.map(({ turns }) =>
      quantile(
        turns.map((turn) => turn.firstTokenMs),
        part,
      ),
    );
  return {
    label: mode,
    cells: {
      'cached tokens, %': spread(runs.map((run) => 100 * cachedShare(run))),
      'first token p50, ms': spread(firstTokens(0.5)),
      'first token p95, ms': spread(firstTokens(0.95)),
      'answer p50, ms': spread(runs.map(({ turns }) => median(turns.map((turn) => turn.totalMs)))),
      'run, s': spread(runs.map((run) => run.seconds)),
      'requests at the servers': runs.map((run) => run.askedCounts.join('+')).join(', '),
      'failed tries': runs.map((run) => run.failures.length).join(', '),
    },
  };
}

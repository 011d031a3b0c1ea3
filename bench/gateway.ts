import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { request } from 'undici';
import {
  alternating,
  type Benchmark,
  type BenchmarkSetup,
  type Row,
  type Side,
  type Target,
} from './benchmark.ts';
import { freePort, startServer, type ChildServer } from './child-server.ts';
import { litellm, portkey, type PeerGateway } from './gateway-peers.ts';
import { chatBodies, stubModel, type Mode } from './gateway-traffic.ts';
import { installOnce } from './installed.ts';
import { openLoadGenerator, type LoadGenerator, type LoadJob } from './load.ts';
import { processUsage } from './process-usage.ts';
import { median, rounded, summarize } from './stats.ts';

/** A server that the load goes to. */
interface Contender {
  readonly name: string;
  readonly server: Pick<ChildServer, 'origin' | 'pid' | 'log'>;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
}

interface Cell {
  readonly mode: Mode;
  readonly connectionCount: number;
}

interface Sample {
  readonly perSecond: number;
  /** Requests for a second of CPU time of the server and what it started. */
  readonly perCpuSecond: number;
  readonly p50Ms: number;
}

const modes: readonly Mode[] = ['json', 'sse'];
const secret = 'nf-bench-0123456789abcdef0123456789abcdef';

/**
 * The full pipeline (a key, privacy, the ledger) in front of a stub upstream, against two gateways in front of the same
 * one. In each cell the sides take turns; a ratio is that of one turn, and the worst cell's median counts.
 */
export const gateway: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 5);
  const seconds = setup.quick ? 0.7 : 3;
  const peersFolder = join(process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar'), 'peers');
  const stub = await startStub();
  const servers: { stop(): Promise<void> }[] = [stub];
  const load = openLoadGenerator();
  try {
    const bare = await startBare(stub.origin);
    const own = await startOwn(setup, stub.origin);
    servers.push(bare, own);
    await checkAuto(own);
    const contenders = [
      contender('stub', stub, stubModel),
      contender(bareName, bare, stubModel),
      ownContender('nearfar', own, `stub/${stubModel}`),
      ownContender(autoSide, own, 'auto'),
    ];
    for (const peer of [portkey, litellm]) {
      const { side, server } = await startPeer(setup, peer, peersFolder, stub.origin);
      contenders.push(side);
      servers.push(server);
    }
    const cells = modes.flatMap((mode) =>
      (setup.quick ? [1, 16] : [1, 16, 64]).map((connectionCount): Cell => ({ mode, connectionCount })),
    );
    for (const one of contenders) {
      for (const mode of modes) {
        setup.progress(`warming up ${one.name}`);
        await measured(load, one, { mode, connectionCount: 16 }, setup.quick ? 0.5 : 2);
      }
    }
    const table = new Map<Cell, Map<string, Sample[]>>();
    for (const cell of cells) {
      const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
      table.set(cell, samples);
      for (const [one, repeat] of alternating(contenders, repeatCount)) {
        setup.progress(`${cell.mode} x ${cell.connectionCount}, ${one.name}, repeat ${repeat + 1}`);
        samples.get(one.name)?.push(await measured(load, one, cell, seconds));
      }
    }
    const named = contenders.find(({ name }) => name === 'nearfar');
    await checkCount(stub, named, load);
    const memory = await memoryGrowth(setup, load, ownContender('nearfar', own, `stub/${stubModel}`));
    const figures = figuresOf(table, memory.growthMb);
    return {
      figures: figures.figures,
      targets: figures.targets,
      rows: [...table].flatMap(([cell, samples]) => rowsOf(cell, samples)),
      notes: [
        `Portkey: @portkey-ai/gateway ${portkey.version} (npm, by lock), LiteLLM: litellm[proxy] ${litellm.version} (pip, ` +
          '--require-hashes), one worker each, no secrets, no log of requests (Portkey asks for no key); ours: `nearfar serve` with a key, ' +
          'its ledger and its metrics on, the answer cache off.',
        `${repeatCount} repeats of ${seconds} s a cell, sides in turns; r/s: median (range). A ratio is the median of the ratios ` +
          'within one turn. The stub, the load generator and the gateway are a process each and share the cores; ' +
          'r/CPU-s counts only the time of the gateway, for one core.',
        'Bare pass-through: node:http in and undici out, in this run, nothing read or kept: what a gateway of these costs at least ' +
          '(`bare_cpu_ratio`: ours over it; `bare_portkey_ratio`: what it comes to on this machine).',
        'Prompts of 200 characters, no two alike in a run. Streams: 23 events, each in a write of its own. added p50: of one connection, over the same through no gateway, in the ' +
          'same turn; the larger of JSON and SSE counts.',
        'Checked: every answer a 200 with its end, and as long as one whose text was read and is the stub’s; the stub takes only ' +
          'prompts that arrived, and answered as many as were asked. Any other answer ends the run.',
        '`nearfar, auto`: the router reads each prompt (policy classifier, with thresholds under which none stays near) and writes down why.',
        `rss_growth_mb: over ${memory.requestCount} requests of both kinds at 16 connections, after ${memory.warmupCount}: the median of the ` +
          `last tenth's readings (${rounded(memory.lastMb, 4)} MB) less that of the first's (${rounded(memory.firstMb, 4)} MB).`,
      ],
    };
  } finally {
    load.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
};

async function startStub(): Promise<ChildServer> {
  const port = await freePort();
  return await startServer({
    label: 'the stub upstream',
    file: process.execPath,
    args: [new URL('./gateway-stub.ts', import.meta.url).pathname, String(port)],
    env: process.env,
    origin: `http://127.0.0.1:${port}`,
    healthPath: '/count',
  });
}

/** The second table: where the client names no model. */
const autoSide = 'nearfar, auto';

/** The floor: what node:http and undici cost by themselves. */
const bareName = 'bare pass-through';

async function startBare(upstream: string): Promise<ChildServer> {
  const port = await freePort();
  return await startServer({
    label: bareName,
    file: process.execPath,
    args: [new URL('./gateway-bare.ts', import.meta.url).pathname, String(port), upstream],
    env: process.env,
    origin: `http://127.0.0.1:${port}`,
    healthPath: '/',
  });
}

async function startOwn(setup: BenchmarkSetup, upstream: string): Promise<Side> {
  const keyFile = join(setup.nearfar.home, 'bench-key');
  await setup.nearfar.install();
  await writeFile(keyFile, secret, { mode: 0o600 });
  const upstreams = [{ name: 'stub', baseUrl: `${upstream}/v1`, models: [stubModel] }];
  return await setup.nearfar.start([
    `keys=${JSON.stringify([{ name: 'bench', file: keyFile }])}`,
    `upstreams=${JSON.stringify(upstreams)}`,
    `far=stub/${stubModel}`,
    // The router reads each prompt for `auto`, and finds none too easy for far.
    'route.policy=classifier',
    'route.thresholds=[0,0]',
  ]);
}

/** @throws Error where `auto` does not lead to the stub */
async function checkAuto(own: Side): Promise<void> {
  const response = await request(`${own.origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...(JSON.parse(chatBodies('auto', 'json', 1)[0] ?? '') as object),
      max_tokens: 1,
    }),
  });
  await response.body.dump();
  const answeredBy = String(response.headers['x-nearfar-model']);
  if (answeredBy !== `stub/${stubModel}`) throw new Error(`auto was answered by ${answeredBy}`);
}

async function startPeer(
  setup: BenchmarkSetup,
  peer: PeerGateway,
  peersFolder: string,
  upstream: string,
): Promise<{ side: Contender; server: ChildServer }> {
  const folder = await installOnce(peer, peersFolder, setup.progress);
  setup.progress(`starting ${peer.name}`);
  const server = await peer.start(folder, upstream);
  const side = { ...contender(peer.name, server, stubModel), path: peer.path };
  return { side: { ...side, headers: { ...side.headers, ...peer.headers(upstream) } }, server };
}

function contender(name: string, server: Contender['server'], model: string): Contender {
  return {
    name,
    server,
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    model,
  };
}

function ownContender(name: string, own: Side, model: string): Contender {
  const side = contender(name, own, model);
  return { ...side, headers: { ...side.headers, authorization: `Bearer ${secret}` } };
}

function jobFor(side: Contender, { mode, connectionCount }: Cell, until: LoadJob['until']): LoadJob {
  const { server, path, headers, model } = side;
  const bodies = chatBodies(model, mode);
  return { origin: server.origin, path, headers, bodies, mode, connectionCount, until };
}

async function measured(load: LoadGenerator, side: Contender, cell: Cell, seconds: number): Promise<Sample> {
  const before = await processUsage(side.server.pid);
  try {
    const result = await load.run(jobFor(side, cell, { seconds }));
    const after = await processUsage(side.server.pid);
    return {
      perSecond: result.answeredCount / result.seconds,
      perCpuSecond: result.answeredCount / Math.max(0.01, after.cpuSeconds - before.cpuSeconds),
      p50Ms: result.p50Ms,
    };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(
      `${side.name}, ${cell.mode} x ${cell.connectionCount}: ${message}\n${side.server.log()}`,
      {
        cause: thrown,
      },
    );
  }
}

/** No gateway may answer by itself what is for the upstream. */
async function checkCount(stub: ChildServer, own: Contender | undefined, load: LoadGenerator): Promise<void> {
  if (own === undefined) return;
  const count = async (): Promise<number> =>
    Number(await (await request(`${stub.origin}/count`)).body.text());
  const before = await count();
  const { answeredCount } = await load.run(
    jobFor(own, { mode: 'json', connectionCount: 4 }, { requestCount: 200 }),
  );
  const seen = (await count()) - before;
  if (seen !== answeredCount)
    throw new Error(`${answeredCount} answers, and the stub was asked ${seen} times`);
}

interface Memory {
  readonly growthMb: number;
  readonly firstMb: number;
  readonly lastMb: number;
  readonly requestCount: number;
  readonly warmupCount: number;
}

async function memoryGrowth(setup: BenchmarkSetup, load: LoadGenerator, own: Contender): Promise<Memory> {
  const warmupCount = setup.quick ? 500 : 20_000;
  const requestCount = setup.quick ? 2_000 : 100_000;
  const partCount = 40;
  const ask = async (count: number, mode: Mode): Promise<void> => {
    await load.run(jobFor(own, { mode, connectionCount: 16 }, { requestCount: count }));
  };
  setup.progress('memory, warming up');
  for (const mode of modes) await ask(warmupCount / 2, mode);
  const readings: number[] = [];
  for (let part = 0; part < partCount; part++) {
    setup.progress(`memory, part ${part + 1} of ${partCount}`);
    await ask(requestCount / partCount, part % 2 === 0 ? 'json' : 'sse');
    readings.push((await processUsage(own.server.pid)).residentBytes / 2 ** 20);
  }
  const firstMb = median(readings.slice(0, partCount / 10));
  const lastMb = median(readings.slice(-partCount / 10));
  return { growthMb: lastMb - firstMb, firstMb, lastMb, requestCount, warmupCount };
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

/** The median of what two sides' samples give turn by turn. */
function paired(samples: Samples, one: string, other: string, of: (a: Sample, b: Sample) => number): number {
  const others = samples.get(other) ?? [];
  return median(
    (samples.get(one) ?? []).flatMap((a, index) => {
      const b = others[index];
      return b === undefined ? [] : [of(a, b)];
    }),
  );
}

const ratio = (a: Sample, b: Sample): number => a.perSecond / b.perSecond;
const cpuRatio = (a: Sample, b: Sample): number => a.perCpuSecond / b.perCpuSecond;
const difference = (a: Sample, b: Sample): number => a.p50Ms - b.p50Ms;

function figuresOf(
  table: ReadonlyMap<Cell, Samples>,
  growthMb: number,
): { figures: Record<string, number>; targets: readonly Target[] } {
  const worst = (name: string, peer: string, of: typeof ratio): number =>
    Math.min(...[...table.values()].map((samples) => paired(samples, name, peer, of)));
  const added = (name: string): number =>
    Math.max(
      ...[...table].flatMap(([cell, samples]) =>
        cell.connectionCount === 1 ? [paired(samples, name, 'stub', difference)] : [],
      ),
    );
  const second = autoSide;
  const targets: readonly Target[] = [
    { key: 'portkey_ratio', value: worst('nearfar', portkey.name, ratio), atLeast: 3 },
    { key: 'litellm_ratio', value: worst('nearfar', litellm.name, ratio), atLeast: 40 },
    { key: 'added_p50_ms', value: added('nearfar'), atMost: 1 },
    { key: 'rss_growth_mb', value: growthMb, atMost: 20 },
  ];
  return {
    targets,
    figures: {
      ...Object.fromEntries(targets.map(({ key, value }) => [key, rounded(value)])),
      portkey_cpu_ratio: rounded(worst('nearfar', portkey.name, cpuRatio)),
      litellm_cpu_ratio: rounded(worst('nearfar', litellm.name, cpuRatio)),
      bare_cpu_ratio: rounded(worst('nearfar', bareName, cpuRatio)),
      bare_portkey_ratio: rounded(worst(bareName, portkey.name, ratio)),
      auto_portkey_ratio: rounded(worst(second, portkey.name, ratio)),
      auto_litellm_ratio: rounded(worst(second, litellm.name, ratio)),
      auto_added_p50_ms: rounded(added(second)),
    },
  };
}

function rowsOf({ mode, connectionCount }: Cell, samples: Samples): readonly Row[] {
  const label = `${mode === 'json' ? 'JSON' : 'SSE'} × ${connectionCount}`;
  return [...samples].map(([name, list]) => {
    const { median: middle, min, max } = summarize(list.map((sample) => sample.perSecond));
    const isOurs = name.startsWith('nearfar');
    return {
      label: `${label}, ${name}`,
      cells: {
        'r/s': `${rounded(middle, 3)} (${rounded(min, 3)}-${rounded(max, 3)})`,
        'r/CPU-s': rounded(median(list.map((sample) => sample.perCpuSecond)), 3),
        'p50 ms': rounded(median(list.map((sample) => sample.p50Ms)), 3),
        ...(name === 'stub' ? {} : { 'added p50 ms': rounded(paired(samples, name, 'stub', difference), 3) }),
        ...(isOurs
          ? {
              '/ Portkey': rounded(paired(samples, name, portkey.name, ratio), 3),
              '/ LiteLLM': rounded(paired(samples, name, litellm.name, ratio), 3),
            }
          : {}),
      },
    };
  });
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { builtKernelsInto } from './built-kernels.ts';
import { killServers } from './child-server.ts';
import { readMachine } from './machine.ts';
import { defaultModelPath, openNearfar } from './nearfar.ts';
import { onlyOne } from './only-one.ts';
import { openPeer, peerFolder, type Peer } from './peer.ts';
import { jsonReport, markdownReport, withSection } from './report.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Benchmark>;
}

const benchmarks: Readonly<Record<string, Entry>> = {
  decode: {
    summary: 'one stream over HTTP, against llama-server',
    load: async () => (await import('./decode.ts')).decode,
  },
  burst: {
    summary: '32 chats with one system prompt, 16 at a time, cold and warm, against llama-server',
    load: async () => (await import('./burst.ts')).burst,
  },
  interference: {
    summary: 'how long a stream stalls while long prompts come in, against llama-server',
    load: async () => (await import('./interference.ts')).interference,
  },
  batching: {
    summary: 'bulk work one, 8 and 32 at a time: static and continuous batching, against llama-server',
    load: async () => (await import('./batching.ts')).batching,
  },
  idle: {
    summary: 'what 14,000 cached tokens of finished prompts cost a step',
    load: async () => (await import('./idle.ts')).idle,
  },
  scale: {
    summary: 'batched decode in our loop, as a share of a bare llama_decode loop',
    load: async () => (await import('./scale.ts')).scale,
  },
  schema: {
    summary: 'answers that must fit a JSON Schema: are they valid, and what does that cost',
    load: async () => (await import('./schema.ts')).schema,
  },
  restart: {
    summary: 'a 1,500-token prefix that was in use: cold, and after a restart of the server',
    load: async () => (await import('./restart.ts')).restart,
  },
  speculate: {
    summary: 'drafting ahead on four workloads: speed with against without, and against llama-server',
    load: async () => (await import('./speculate.ts')).speculate,
  },
  ledger: {
    summary: 'kill -9 under load: is there a ledger row for each request whose client saw the end',
    load: async () => (await import('./ledger.ts')).ledger,
  },
  gateway: {
    summary:
      'the pipeline in front of a stub: JSON and SSE, 1, 16, 64 connections, against Portkey and LiteLLM',
    load: async () => (await import('./gateway.ts')).gateway,
  },
  promptcache: {
    summary:
      'hours of agents, retrieval and chat: what prompts cost with planned marks, without, and with all',
    load: async () => (await import('./promptcache.ts')).promptcache,
  },
  privacy: {
    summary:
      'what the detectors find in public rows, what they flag of harmless prompts, and how quick they are',
    load: async () => (await import('./privacy.ts')).privacy,
  },
  'privacy-check': {
    summary: 'the model that reads too, on made-up texts: what it adds to the patterns, and what it costs',
    load: async () => (await import('./privacy-check.ts')).privacyCheck,
  },
  cascade: {
    summary:
      "what the near model's own doubt says of its answers, and that nothing is shown before an escalation",
    load: async () => (await import('./cascade.ts')).cascade,
  },
  tasks: {
    summary: 'how well the kind of task of a prompt is recognised, and how quickly',
    load: async () => (await import('./tasks.ts')).tasks,
  },
  router: {
    summary: 'what routing is worth on public outcomes: difficulty, calibrated profiles, three tiers',
    load: async () => (await import('./router.ts')).router,
  },
  drift: {
    summary: "a tier's quality falls by ten points: after how many judged answers is that noticed",
    load: async () => (await import('./drift.ts')).drift,
  },
  measure: {
    summary:
      'perplexity, KL divergence and speed of weight formats, against llama-perplexity and llama-bench',
    load: async () => (await import('./measure.ts')).measure,
  },
  memory: {
    summary: "predicted memory of models, contexts and caches against the engine's resident growth",
    load: async () => (await import('./memory.ts')).memory,
  },
  roofline: {
    summary: 'prefill and decode predicted from bandwidth, compute and another model, against measurement',
    load: async () => (await import('./roofline.ts')).roofline,
  },
  adapters: {
    summary: '8 streams over a model and two LoRA adapters, against llama-server',
    load: async () => (await import('./adapters.ts')).adapters,
  },
  overload: {
    summary: 'people at 0.3 of capacity while bulk fills it to 0.5 and to 2, against llama-server',
    load: async () => (await import('./overload.ts')).overload,
  },
  voice: {
    summary: 'first tokens within 50 ms: idle, beside people and bulk, against llama-server',
    load: async () => (await import('./voice.ts')).voice,
  },
  affinity: {
    summary: 'chats over two llama-servers: cached tokens by prefix, by load and in turn',
    load: async () => (await import('./affinity.ts')).affinity,
  },
  semcache: {
    summary: 'questions in other words and near misses through the semantic cache: hits, and wrong ones',
    load: async () => (await import('./semcache.ts')).semcache,
  },
  browser: {
    summary:
      'a model in a page of a real Chromium against the gateway; its main thread; the size of the client',
    load: async () => (await import('./browser.ts')).browser,
  },
  start: {
    summary: 'from the second start of the server to its first answered request',
    load: async () => (await import('./start.ts')).start,
  },
};

const usage = `Usage: npm run bench -- NAME [options]

${Object.entries(benchmarks)
  .map(([name, entry]) => `  ${name.padEnd(14)}${entry.summary}`)
  .join('\n')}

  --json         print JSON instead of Markdown
  --write        also write the section into docs/benchmarks.md
  --repeats N    alternating repeats
  --quick        fewer repeats and configurations: shows that it runs, gives no figure
  --model PATH   the GGUF for both sides (default: $NEARFAR_BENCH_MODEL, else the default model)
  --models A,B   of a benchmark over several models, those whose names contain one of these
  --resume FILE  of a long benchmark (speculate, measure): keep what is measured in FILE and go on from there
  --minutes N    with --resume: begin nothing new after so many minutes
  --data DIR     the evaluation data, for the benchmarks that judge by it (default: ../shared/data)
  --threads N    threads of both sides (default: the cores that this process may use)
  --kernels K    CPU kernels of our side: shipped, or built, by nearfar kernels build (default: shipped)
  --peer DIR     folder of the installed peer (default: $NEARFAR_PEER_DIR, else peers/ in the nearfar home)
  --set NAME=V   a further setting of nearfar's server`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      repeats: { type: 'string' },
      model: { type: 'string' },
      models: { type: 'string' },
      resume: { type: 'string' },
      minutes: { type: 'string' },
      data: { type: 'string' },
      threads: { type: 'string' },
      kernels: { type: 'string', default: 'shipped' },
      peer: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const name = positionals[0] ?? '';
  const entry = benchmarks[name];
  if (values.help || entry === undefined) {
    (values.help ? process.stdout : process.stderr).write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  const nearfarHome = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');
  const given = values.model ?? process.env['NEARFAR_BENCH_MODEL'];
  if (given !== undefined && !existsSync(given)) {
    process.stderr.write(`bench: ${given}: expected the path of a GGUF file\n`);
    return 2;
  }
  const modelPath = resolve(given ?? (await defaultModelPath(nearfarHome)));
  if (values.kernels !== 'shipped' && values.kernels !== 'built') {
    process.stderr.write(`bench: --kernels: expected shipped or built, got ${values.kernels}\n`);
    return 2;
  }
  const threadCount = positiveNumber('--threads', values.threads) ?? availableParallelism();
  const release = onlyOne();
  const machine = await readMachine();
  const home = await mkdtemp(join(tmpdir(), 'nearfar-bench-'));
  endOnSignals(home);
  const progress = progressLine();
  let peer: Peer | null = null;
  try {
    const benchmark = await entry.load();
    const kernels = values.kernels === 'built' ? await builtKernelsInto(home, progress.show) : null;
    const folder = values.peer ?? process.env['NEARFAR_PEER_DIR'] ?? peerFolder(nearfarHome);
    const result = await benchmark({
      modelPath,
      isModelGiven: given !== undefined,
      threadCount,
      repeatCount: positiveNumber('--repeats', values.repeats),
      quick: values.quick,
      modelNames: values.models?.split(',') ?? null,
      resumePath: values.resume === undefined ? null : resolve(values.resume),
      dataFolder: resolve(values.data ?? fileURLToPath(new URL('../../shared/data', import.meta.url))),
      minutes: positiveNumber('--minutes', values.minutes),
      kernels: kernels?.file ?? null,
      nearfar: openNearfar({
        ...{ home, modelPath, threadCount },
        settings: [`engine.kernels=${values.kernels}`, ...values.set],
      }),
      openPeer: async () => {
        peer = await openPeer({ folder, modelPath, threadCount }, progress.show);
        return peer;
      },
      progress: progress.show,
    });
    progress.clear();
    const conditions = {
      command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
      date: new Date().toISOString(),
      model: basename(modelPath),
      threadCount,
      peer: peerName(peer),
      kernels: kernels === null ? null : `CPU kernels built here (${kernels.record.compiler})`,
      machine,
    };
    const section = markdownReport(name, result, conditions);
    process.stdout.write(
      values.json ? `${JSON.stringify(jsonReport(name, result, conditions), null, 2)}\n` : section,
    );
    if (values.write) {
      const file = new URL('../docs/benchmarks.md', import.meta.url);
      await writeFile(file, withSection(await readFile(file, 'utf8'), name, section));
    }
    return 0;
  } catch (error) {
    progress.clear();
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    release();
    killServers();
    await rm(home, { recursive: true, force: true });
  }
}

function peerName(peer: Peer | null): string | null {
  return peer === null ? null : `llama-server ${peer.version}`;
}

function positiveNumber(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option}: expected a whole number from 1, got ${text}`);
  return value;
}

/** On a terminal one line that rewrites itself; elsewhere nothing, so that logs hold only the result. */
function progressLine() {
  const { isTTY } = process.stderr;
  const startedAt = performance.now();
  const clear = (): void => {
    if (isTTY) process.stderr.write('\r\x1b[K');
  };
  const show = (text: string): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    clear();
    if (isTTY) process.stderr.write(`${seconds} s  ${text}`.slice(0, process.stderr.columns - 1));
  };
  return { clear, show };
}

/** Ctrl-C leaves neither servers nor files behind. */
function endOnSignals(home: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      killServers();
      rmSync(home, { recursive: true, force: true });
      process.exit(130);
    });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}

import type { BenchmarkSetup, Side } from './benchmark.ts';
import type { ChildServer } from './child-server.ts';
import type { Peer } from './peer.ts';
import { createStreamClient, type ChatJob, type Recording, type StreamOptions } from './stream-client.ts';
import { readTranscript, type Transcript } from './transcript.ts';
import { compareTranscripts, type Agreement } from './agreement.ts';

/** Wraps a started server with a client of its own. */
export function sideOf(label: string, model: string, server: ChildServer): Side {
  const client = createStreamClient(server.origin, model);
  return {
    label,
    origin: server.origin,
    pid: server.pid,
    client,
    startMs: server.startMs,
    log: () => server.log(),
    async stop() {
      await client.close();
      await server.stop();
    },
    async kill() {
      await server.kill();
      await client.close();
    },
  };
}

export async function startPeerSide(peer: Peer, flags: readonly string[]): Promise<Side> {
  return sideOf(['llama-server', ...flags].join(' '), 'peer', await peer.start(flags));
}

/** Runs one chat to its end and keeps what came. @throws Error naming the side, with the end of its log */
export async function record(side: Side, job: ChatJob, options?: StreamOptions): Promise<Recording> {
  try {
    return await side.client.stream(job, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${side.label}: ${reason}; the end of its log:\n${side.log().slice(-2000)}`, {
      cause: error,
    });
  }
}

/** What a side said to a chat that has ended. @throws Error naming the side, where it failed or came up short */
export function readComplete(side: Side, job: ChatJob, recording: Recording): Transcript {
  let transcript: Transcript;
  try {
    transcript = readTranscript(recording);
  } catch (error) {
    throw new Error(`${side.label}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (transcript.completionTokenCount !== job.outputTokenCount) {
    const got = transcript.completionTokenCount ?? 'unknown';
    throw new Error(`${side.label}: ${got} tokens came instead of ${job.outputTokenCount}`);
  }
  return transcript;
}

/** One chat, run and read. */
export async function ask(side: Side, job: ChatJob): Promise<Transcript> {
  return readComplete(side, job, await record(side, job));
}

const checkedQuestions = [
  'Name three colours of the rainbow.',
  'Why is the sky blue? Answer in one sentence.',
  'Write a short letter to a friend about the sea.',
];

/**
 * Before any clock runs: the same chats on both sides must be counted alike and must part, if at all, at near ties.
 * Also warms both up.
 * @throws Error where they do not
 */
export async function verifyAgreement(a: Side, b: Side, tokenCount = 48): Promise<string> {
  const found: Agreement[] = [];
  for (const user of checkedQuestions) {
    const job: ChatJob = { system: null, user, outputTokenCount: tokenCount, topLogprobs: 10 };
    const [left, right] = [await ask(a, job), await ask(b, job)];
    requireSameCounts(a, left, b, right);
    const agreement = compareTranscripts(left, right);
    if (!agreement.identical && !agreement.nearTie) {
      const gap =
        agreement.gap === null ? 'a token that the other side does not list' : agreement.gap.toFixed(2);
      throw new Error(
        `${a.label} and ${b.label} part after ${agreement.commonTokenCount} tokens at ${gap} nats, ` +
          `which is no near tie: ${JSON.stringify(left.text)} / ${JSON.stringify(right.text)}`,
      );
    }
    found.push(agreement);
  }
  const parted = found.map((one) =>
    one.identical
      ? 'identical'
      : `part after ${one.commonTokenCount} (gap ${one.gap?.toFixed(2) ?? '?'} nats)`,
  );
  return `greedy texts of ${found.length} chats of ${tokenCount} tokens, token by token: ${parted.join(', ')}`;
}

export function requireSameCounts(a: Side, left: Transcript, b: Side, right: Transcript): void {
  if (left.promptTokenCount !== right.promptTokenCount) {
    throw new Error(
      `the same chat is ${left.promptTokenCount ?? '?'} prompt tokens for ${a.label} ` +
        `and ${right.promptTokenCount ?? '?'} for ${b.label}`,
    );
  }
}

/** As `verifyAgreement`, over servers that are started for it and stopped again. */
export async function verifyServers(setup: BenchmarkSetup, peer: Peer): Promise<string> {
  setup.progress('comparing texts');
  const mine = await setup.nearfar.start();
  try {
    const theirs = await startPeerSide(peer, []);
    try {
      return await verifyAgreement(mine, theirs);
    } finally {
      await theirs.stop();
    }
  } finally {
    await mine.stop();
  }
}

import { request } from 'undici';
import type { BenchmarkSetup } from './benchmark.ts';
import { killServers, type ChildServer } from './child-server.ts';
import type { Peer } from './peer.ts';
import type { BenchedModel } from './speculate-models.ts';
import type { RoundsSetup } from './speculate-own.ts';
import type { ModelState } from './speculate-state.ts';

/** A prompt as tokens, and how many to generate. */
export interface PeerJob {
  readonly tokens: readonly number[];
  readonly outputTokenCount: number;
}

/** llama-server's n-gram drafters, as they come and, where there are sizes, with short ones like ours. */
const peerSettings: readonly (readonly string[])[] = [
  ['--spec-type', 'ngram-simple'],
  ['--spec-type', 'ngram-simple', '--spec-ngram-simple-size-n', '3', '--spec-ngram-simple-size-m', '8'],
  ['--spec-type', 'ngram-map-k'],
  ['--spec-type', 'ngram-map-k', '--spec-ngram-map-k-size-n', '3', '--spec-ngram-map-k-size-m', '8'],
  ['--spec-type', 'ngram-map-k4v'],
  ['--spec-type', 'ngram-mod'],
  ['--spec-type', 'ngram-cache'],
];

/** With `-m` again: the last one counts. */
function startPeer(peer: Peer, modelPath: string, flags: readonly string[]): Promise<ChildServer> {
  return peer.start(['-m', modelPath, '-c', '4096', '-np', '1', ...flags]);
}

/** Milliseconds that the peer says generating took, greedy, its prompt cached or not. @throws Error */
async function peerDecodeMs(server: ChildServer, job: PeerJob): Promise<number> {
  const response = await request(`${server.origin}/completion`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      prompt: job.tokens,
      n_predict: job.outputTokenCount,
      temperature: 0,
      ignore_eos: true,
      cache_prompt: true,
    }),
  });
  const body = (await response.body.json()) as {
    readonly timings?: { readonly predicted_ms: number; readonly predicted_n: number };
  };
  if (body.timings?.predicted_n !== job.outputTokenCount) {
    const got = body.timings?.predicted_n ?? response.statusCode;
    throw new Error(`llama-server: ${got} instead of ${job.outputTokenCount} tokens`);
  }
  return body.timings.predicted_ms;
}

/** The setting that was quickest; `null`: not all have been tried. */
export function bestFlags(
  { peer }: Pick<ModelState, 'peer'>,
  setup: BenchmarkSetup,
): readonly string[] | null {
  if (peer.tried.length < settingsOf(setup).length) return null;
  return peer.tried.reduce((best, one) => (one.milliseconds < best.milliseconds ? one : best)).flags;
}

function settingsOf({ quick }: BenchmarkSetup): typeof peerSettings {
  return quick ? peerSettings.slice(1, 2) : peerSettings;
}

/** Prompts of each workload by which the settings are compared. */
const comparedPromptCount = 2;

/**
 * Each setting once, over some prompts; then rounds of the best one and of the server without. Each pass has a server of
 * its own, with the prompts in its cache: what `ngram-mod` keeps of answers outlives requests, and the second time that
 * the same is asked it would draft from its own answer.
 */
export async function measurePeer(
  setup: BenchmarkSetup,
  model: BenchedModel,
  { jobs, peer }: ModelState,
  { repeatCount, hasTime, save }: RoundsSetup,
  openPeer: () => Promise<Peer>,
): Promise<void> {
  if (peer.drafting.length >= repeatCount || jobs.length === 0 || !hasTime()) return;
  const pass = async (flags: readonly string[], passed: readonly PeerJob[]): Promise<number[]> => {
    const server = await startPeer(opened, model.path, flags);
    for (const job of passed) await peerDecodeMs(server, { ...job, outputTokenCount: 2 });
    const milliseconds: number[] = [];
    for (const job of passed) milliseconds.push(await peerDecodeMs(server, job));
    await server.stop();
    return milliseconds;
  };
  const compared = jobs.filter(
    (job, index) =>
      jobs.slice(0, index).filter(({ workload }) => workload === job.workload).length < comparedPromptCount,
  );
  const opened = await openPeer();
  try {
    for (const flags of settingsOf(setup).slice(peer.tried.length)) {
      if (!hasTime()) return;
      setup.progress(`${model.name}: llama-server ${flags.join(' ')}`);
      const milliseconds = (await pass(flags, compared)).reduce((sum, one) => sum + one, 0);
      peer.tried.push({ flags, milliseconds });
      await save();
    }
    const flags = bestFlags({ peer }, setup);
    if (flags === null) return;
    for (let round = peer.drafting.length; round < repeatCount && hasTime(); round++) {
      const sides = ['plain', 'drafting'] as const;
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        setup.progress(`${model.name}: llama-server, round ${round + 1} of ${repeatCount}, ${side}`);
        peer[side].push(await pass(side === 'plain' ? [] : flags, jobs));
      }
      await save();
    }
  } catch (error) {
    killServers();
    throw error;
  }
}

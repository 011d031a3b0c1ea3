import { request } from 'undici';
import type { ChildServer } from './child-server.ts';
import type { Peer } from './peer.ts';

/** A prompt as tokens, and how many to generate. */
export interface PeerJob {
  readonly tokens: readonly number[];
  readonly outputTokenCount: number;
}

/** llama-server's n-gram drafters, as they come and, where there are sizes, with short ones like ours. */
export const peerSettings: readonly (readonly string[])[] = [
  ['--spec-type', 'ngram-simple'],
  ['--spec-type', 'ngram-simple', '--spec-ngram-simple-size-n', '3', '--spec-ngram-simple-size-m', '8'],
  ['--spec-type', 'ngram-map-k'],
  ['--spec-type', 'ngram-map-k', '--spec-ngram-map-k-size-n', '3', '--spec-ngram-map-k-size-m', '8'],
  ['--spec-type', 'ngram-map-k4v'],
  ['--spec-type', 'ngram-mod'],
  ['--spec-type', 'ngram-cache'],
];

/** With `-m` again: the last one counts. */
export function startPeer(peer: Peer, modelPath: string, flags: readonly string[]): Promise<ChildServer> {
  return peer.start(['-m', modelPath, '-c', '4096', '-np', '1', ...flags]);
}

/** Milliseconds that the peer says generating took, greedy, its prompt cached or not. @throws Error */
export async function peerDecodeMs(server: ChildServer, job: PeerJob): Promise<number> {
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

import type { Benchmark, Side } from './benchmark.ts';
import { proseOfTokens } from './prompts.ts';
import { compareTranscripts } from './agreement.ts';
import { ask, readComplete, record } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import type { ChatJob } from './stream-client.ts';
import type { Transcript } from './transcript.ts';

const prefixTokenCount = 1500;
const outputTokenCount = 24;
/** Of the prompt, at least this share must come from the disk after a restart, or nothing was measured. */
const cachedShare = 0.9;

interface Timed {
  readonly firstTokenMs: number;
  readonly transcript: Transcript;
}

/**
 * Lives of one server over one home. In each the prefix of the life before is asked (after the restart) and a new one
 * (cold), in turn first, and the new one is used again before the server is stopped, so that it was in use.
 */
export const restart: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 7);
  const cold: number[] = [];
  const warm: number[] = [];
  const stops: number[] = [];
  let leastCached = 1;
  let jobs: readonly ChatJob[] = [];
  const asked: { readonly job: ChatJob; readonly reference: Transcript }[] = [];
  let nearTieCount = 0;
  for (let life = 0; life <= repeatCount; life++) {
    setup.progress(`life ${life + 1} of ${repeatCount + 1}`);
    const side = await setup.nearfar.start();
    try {
      if (jobs.length === 0) jobs = await makeJobs(side, repeatCount);
      // The first request touches the weights: neither side is to pay for it.
      await ask(side, { system: null, user: 'Say hello.', outputTokenCount: 8 });
      const job = jobs[life] ?? null;
      const known = asked.at(-1) ?? null;
      const askCold = async (): Promise<void> => {
        if (job === null) return;
        const timed = await time(side, job);
        requireCached(timed, 0, 0.1);
        cold.push(timed.firstTokenMs);
        // From memory, so computed in the same pieces as after the restart; outside timed runs with alternatives.
        asked.push({ job, reference: await ask(side, { ...job, topLogprobs: 10 }) });
      };
      const askWarm = async (): Promise<void> => {
        if (known === null) return;
        const timed = await time(side, known.job);
        leastCached = Math.min(leastCached, requireCached(timed, cachedShare, 1));
        const agreement = compareTranscripts(
          known.reference,
          await ask(side, { ...known.job, topLogprobs: 10 }),
        );
        if (!agreement.identical && !agreement.nearTie) {
          throw new Error(`after a restart the same prompt was answered otherwise: ${timed.transcript.text}`);
        }
        if (!agreement.identical) nearTieCount++;
        warm.push(timed.firstTokenMs);
      };
      for (const step of life % 2 === 0 ? [askCold, askWarm] : [askWarm, askCold]) await step();
      // In use: somebody else asks something with the same prefix.
      if (job !== null) await ask(side, { ...job, user: 'And what else is told?', outputTokenCount: 8 });
    } finally {
      const stoppedAt = performance.now();
      await side.stop();
      stops.push(performance.now() - stoppedAt);
    }
  }
  const ratio = median(cold) / median(warm);
  const cells = (values: readonly number[]) => {
    const { median: middle, min, max } = summarize(values);
    return { 'first token ms': rounded(middle), range: `${rounded(min)}-${rounded(max)}` };
  };
  return {
    figures: { ratio: rounded(ratio) },
    targets: [{ key: 'ratio', value: ratio, atLeast: 3 }],
    rows: [
      { label: 'cold', cells: cells(cold) },
      { label: 'after a restart', cells: cells(warm) },
    ],
    notes: [
      `${repeatCount} prefixes of ${prefixTokenCount} tokens, each asked cold and, after the server had been stopped by ` +
        'SIGTERM and started again, once more; in turn which of the two came first in a life of the server. Files in the ' +
        "system's cache.",
      `Checked: the same greedy text of ${outputTokenCount} tokens before and after the restart, token by token ` +
        `(${nearTieCount} of ${repeatCount} part at a near tie); at least ${rounded(100 * leastCached, 3)}% of the prompt ` +
        'came from a cache after the restart, and less than 10% when cold.',
      `Stopping the server took ${rounded(median(stops))} ms (median), writing included.`,
    ],
  };
};

async function makeJobs(side: Side, count: number): Promise<readonly ChatJob[]> {
  const jobs: ChatJob[] = [];
  for (let index = 0; index < count; index++) {
    const system = await proseOfTokens(900 + index, prefixTokenCount, (text) => countTokens(side, text));
    jobs.push({ system, user: 'What is told here? Answer in one sentence.', outputTokenCount });
  }
  return jobs;
}

/** By the model's own tokenizer, template included. */
async function countTokens(side: Side, text: string): Promise<number> {
  const response = await fetch(`${side.origin}/v1/messages/count_tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'near', messages: [{ role: 'user', content: text }] }),
  });
  if (!response.ok) throw new Error(`counting tokens: status ${response.status}`);
  return ((await response.json()) as { input_tokens: number }).input_tokens;
}

async function time(side: Side, job: ChatJob): Promise<Timed> {
  const recording = await record(side, job);
  const transcript = readComplete(side, job, recording);
  const [first] = transcript.tokens;
  if (first === undefined) throw new Error('no token came');
  return { firstTokenMs: first.at - recording.startedAt, transcript };
}

/** The share of the prompt that came from a cache. @throws Error where it is not within the bounds */
function requireCached({ transcript }: Timed, atLeast: number, atMost: number): number {
  const share = (transcript.cachedTokenCount ?? 0) / (transcript.promptTokenCount ?? Infinity);
  if (share < atLeast || share > atMost) {
    throw new Error(`${rounded(100 * share)}% of the prompt came from a cache: nothing to compare`);
  }
  return share;
}

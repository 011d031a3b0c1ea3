import { alternating, type Benchmark, type Side } from './benchmark.ts';
import { ask, requireSameCounts, startPeerSide, verifyAgreement } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import { tokensPerSecond, type Transcript } from './transcript.ts';

const outputTokenCount = 128;

/** One stream of 128 tokens over HTTP: tokens per second from the first to the last arrival. */
export const decode: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 3 : 15);
  const peer = await setup.openPeer();
  const ours = await setup.nearfar.start();
  try {
    const theirs = await startPeerSide(peer, []);
    try {
      setup.progress('comparing texts');
      const agreement = await verifyAgreement(ours, theirs);
      const speeds = new Map<Side, number[]>([
        [ours, []],
        [theirs, []],
      ]);
      const first = new Map<number, [Side, Transcript]>();
      for (const [side, repeat] of alternating([ours, theirs], repeatCount)) {
        setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${side.label}`);
        const user = `Tell a long story about a ship with ${repeat + 3} masts.`;
        const transcript = await ask(side, { system: null, user, outputTokenCount });
        speeds.get(side)?.push(tokensPerSecond(transcript));
        const other = first.get(repeat);
        if (other === undefined) first.set(repeat, [side, transcript]);
        else requireSameCounts(other[0], other[1], side, transcript);
      }
      const mine = speeds.get(ours) ?? [];
      const peers = speeds.get(theirs) ?? [];
      const ratio = median(mine) / median(peers);
      const row = (label: string, values: number[]) => {
        const { median: middle, q1, q3, min, max } = summarize(values);
        const cells = { 'tokens/s': middle, q1, q3, min, max };
        return {
          label,
          cells: Object.fromEntries(Object.entries(cells).map(([key, value]) => [key, rounded(value)])),
        };
      };
      return {
        figures: { ratio: rounded(ratio) },
        targets: [{ key: 'ratio', value: ratio, atLeast: 0.97 }],
        rows: [row('nearfar', mine), row('llama-server', peers)],
        notes: [
          `${repeatCount} alternating streams of ${outputTokenCount} tokens each; llama-server with its defaults.`,
          `Checked: equal prompt and completion counts in every pair; ${agreement}.`,
        ],
      };
    } finally {
      await theirs.stop();
    }
  } finally {
    await ours.stop();
  }
};

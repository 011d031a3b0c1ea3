/** How long first tokens take from their draw to the client's socket, as the gateway sees it. Milliseconds. */
export interface VoiceDelivery {
  note(milliseconds: number): void;
  /** What nine in ten of the latest took at most, with an allowance for what lies behind the socket. */
  readonly milliseconds: number;
}

const keptCount = 32;
const quantile = 0.9;
/** Before enough are known the guess stays among them. */
const enoughCount = 8;
const guessMs = 5;
/** The kernel, and a client on the same machine that reads its socket. */
const behindSocketMs = 1;

export function createVoiceDelivery(): VoiceDelivery {
  const latest: number[] = [];
  return {
    note(milliseconds) {
      latest.push(Math.max(0, milliseconds));
      if (latest.length > keptCount) latest.shift();
    },
    get milliseconds() {
      const known = latest.length < enoughCount ? [...latest, guessMs] : latest;
      const sorted = known.toSorted((a, b) => a - b);
      return behindSocketMs + (sorted[Math.floor(quantile * sorted.length)] ?? guessMs);
    },
  };
}

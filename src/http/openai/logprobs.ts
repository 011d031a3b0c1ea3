import type { TokenLogprob } from '../../chat/part.ts';

/** The shape of `choices[].logprobs.content[]` in chat completions. */
export interface ChatLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly {
    readonly token: string;
    readonly logprob: number;
    readonly bytes: readonly number[];
  }[];
}

export function chatLogprobs(logprobs: readonly TokenLogprob[]): readonly ChatLogprob[] {
  return logprobs.map((entry) => ({
    token: tokenText(entry.bytes),
    logprob: entry.logprob,
    bytes: entry.bytes,
    top_logprobs: entry.top.map((other) => ({
      token: tokenText(other.bytes),
      logprob: other.logprob,
      bytes: other.bytes,
    })),
  }));
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A token that is only a part of a character is written as OpenAI does: `bytes:\xe2\x80`. */
export function tokenText(bytes: readonly number[]): string {
  try {
    return strictDecoder.decode(Uint8Array.from(bytes));
  } catch {
    return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}

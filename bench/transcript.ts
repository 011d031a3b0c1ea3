import type { Recording } from './stream-client.ts';

export interface TokenAlternative {
  readonly text: string;
  readonly logprob: number;
}

/** One token as a stream carried it; `at` is `performance.now()` at arrival. */
export interface TokenArrival {
  readonly at: number;
  readonly text: string;
  /** Best first; empty unless logprobs were asked for. */
  readonly alternatives: readonly TokenAlternative[];
}

/** A recording, read. */
export interface Transcript {
  readonly tokens: readonly TokenArrival[];
  readonly text: string;
  readonly finishReason: string | null;
  readonly promptTokenCount: number | null;
  readonly cachedTokenCount: number | null;
  readonly completionTokenCount: number | null;
}

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
    readonly logprobs?: {
      readonly content?:
        | readonly {
            readonly token: string;
            readonly top_logprobs?: readonly { readonly token: string; readonly logprob: number }[];
          }[]
        | null;
    } | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly error?: { readonly message?: string };
}

/**
 * Reads the OpenAI events of a stream. An event's time is that of the chunk that completed it.
 * @throws Error with the server's own words where it did not answer 200 or sent an error event
 */
export function readTranscript(recording: Recording): Transcript {
  if (recording.status !== 200) {
    const text = Buffer.concat(recording.arrivals.map((arrival) => arrival.bytes)).toString('utf8');
    throw new Error(`status ${recording.status}: ${text.slice(0, 500)}`);
  }
  const tokens: TokenArrival[] = [];
  let finishReason: string | null = null;
  let usage: Chunk['usage'] = null;
  for (const { at, data } of events(recording)) {
    if (data === '[DONE]') continue;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error !== undefined) throw new Error(`error event: ${chunk.error.message ?? data}`);
    usage = chunk.usage ?? usage;
    const choice = chunk.choices?.[0];
    finishReason = choice?.finish_reason ?? finishReason;
    const text = choice?.delta?.content ?? '';
    const logprobs = choice?.logprobs?.content ?? [];
    if (logprobs.length > 0) {
      for (const entry of logprobs) {
        const alternatives = (entry.top_logprobs ?? []).map((top) => ({
          text: top.token,
          logprob: top.logprob,
        }));
        tokens.push({ at, text: entry.token, alternatives });
      }
    } else if (text !== '') {
      tokens.push({ at, text, alternatives: [] });
    }
  }
  return {
    tokens,
    text: tokens.map((token) => token.text).join(''),
    finishReason,
    promptTokenCount: usage?.prompt_tokens ?? null,
    cachedTokenCount: usage?.prompt_tokens_details?.cached_tokens ?? null,
    completionTokenCount: usage?.completion_tokens ?? null,
  };
}

function* events(recording: Recording): Generator<{ readonly at: number; readonly data: string }> {
  const decoder = new TextDecoder();
  let rest = '';
  for (const { at, bytes } of recording.arrivals) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data:')) yield { at, data: line.slice(5).trim() };
    }
  }
}

/**
 * Tokens per second between the first and the last arrival: n-1 intervals, so that prefill is left out.
 * The count is the server's own, since a token may carry no whole character.
 */
export function tokensPerSecond(transcript: Transcript): number {
  const first = transcript.tokens[0];
  const last = transcript.tokens.at(-1);
  const count = transcript.completionTokenCount;
  if (first === undefined || last === undefined || count === null || count < 2 || last.at <= first.at) {
    throw new Error(`a stream of ${count ?? 'unknown'} tokens has no speed`);
  }
  return ((count - 1) * 1000) / (last.at - first.at);
}

import type { IncomingHttpHeaders } from 'node:http';
import { Agent } from 'undici';

/** A chat as both servers take it; greedy, and of exactly `outputTokenCount` tokens. */
export interface ChatJob {
  readonly system: string | null;
  readonly user: string;
  readonly outputTokenCount: number;
  /** Asks for the `n` best alternatives of every token; costs time, so only outside timed runs. */
  readonly topLogprobs?: number;
  /** Further fields of the body; they win over those above. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came over the wire, unread: nothing is parsed while a clock runs. Times are `performance.now()`. */
export interface Recording {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number;
  /** Of the response, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly arrivals: readonly { readonly at: number; readonly bytes: Buffer }[];
}

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Called at every arrival with the number of arrivals so far. */
  readonly onArrival?: (count: number) => void;
}

/** The body that either server gets, byte for byte the same but for the model's name. */
export function requestBody(model: string, job: ChatJob): string {
  const user = { role: 'user', content: job.user };
  return JSON.stringify({
    model,
    messages: job.system === null ? [user] : [{ role: 'system', content: job.system }, user],
    max_tokens: job.outputTokenCount,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
    ignore_eos: true,
    ...(job.topLogprobs === undefined ? {} : { logprobs: true, top_logprobs: job.topLogprobs }),
    ...job.fields,
  });
}

/** One HTTP client for both sides: undici's dispatcher, each chunk stamped as it arrives. */
export interface StreamClient {
  /** Resolves when the stream has ended, or with what had arrived when `signal` ended it. */
  stream(job: ChatJob, options?: StreamOptions): Promise<Recording>;
  close(): Promise<void>;
}

/** @param origin e.g. `http://127.0.0.1:4242` */
export function createStreamClient(origin: string, model: string): StreamClient {
  // More sockets than any benchmark has streams: no request ever waits for a connection.
  const agent = new Agent({ connections: 256, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  return {
    stream(job, options = {}) {
      const body = requestBody(model, job);
      return new Promise<Recording>((resolve, reject) => {
        const arrivals: { at: number; bytes: Buffer }[] = [];
        let status = 0;
        let headers: Readonly<Record<string, string>> = {};
        let stopped = false;
        const startedAt = performance.now();
        const done = (): void => {
          resolve({ startedAt, endedAt: performance.now(), status, headers, arrivals });
        };
        agent.dispatch(
          {
            origin,
            path: '/v1/chat/completions',
            method: 'POST',
            headers: { 'content-type': 'application/json', ...job.headers },
            body,
            // A connection each: a server that closes idle ones must not do so under a request that is timed.
            reset: true,
          },
          {
            onRequestStart(controller) {
              const stop = (): void => {
                stopped = true;
                controller.abort(new Error('stopped by the benchmark'));
              };
              if (options.signal?.aborted === true) stop();
              else options.signal?.addEventListener('abort', stop, { once: true });
            },
            onResponseStart(_controller, statusCode, responseHeaders) {
              status = statusCode;
              headers = plainHeaders(responseHeaders);
            },
            onResponseData(_controller, chunk) {
              arrivals.push({ at: performance.now(), bytes: chunk });
              options.onArrival?.(arrivals.length);
            },
            onResponseEnd: done,
            onResponseError(_controller, error) {
              if (stopped) done();
              else reject(error);
            },
          },
        );
      });
    },
    async close() {
      await agent.destroy();
    },
  };
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';
import { NearfarError } from '../chat/error.ts';
import type { StopSignal } from '../chat/stop-signal.ts';
import { afterTurn } from './after-turn.ts';
import { AnswerBody } from './answer-body.ts';

export interface ConnectionSettings {
  /** Address of the upstream with the path that all of its routes begin with, without a slash at the end. */
  readonly baseUrl: string;
  readonly connectMs: number;
  /** Through the proxy that the environment names; never for what stays inside. */
  readonly usesProxy: boolean;
}

export interface SendOptions {
  readonly method: 'GET' | 'POST';
  /** Behind the base address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: StopSignal;
  /** Called once a connection takes the request: from here on the other side may have read it. */
  readonly onSent?: () => void;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Its bytes as they come. Leaving the loop early cuts the connection. */
  readonly body: AsyncIterable<Uint8Array> & {
    dump(options: { limit: number }): Promise<void>;
    /** All of it at once, where it is there already; else null. */
    takeWhole?(): Uint8Array | null;
  };
}

/** A pool of kept connections to one upstream. Redirects are not followed: they could lead across a boundary. */
export interface Connection {
  /** Resolves with the headers. @throws whatever the network throws, or the signal's reason */
  send(options: SendOptions): Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

export function createConnection({ baseUrl, connectMs, usesProxy }: ConnectionSettings): Connection {
  const { origin, pathname } = new URL(baseUrl);
  const prefix = pathname.replace(/\/+$/, '');
  // Whoever waits for an answer has clocks of his own, which know what is being waited for.
  const options = { connect: { timeout: connectMs }, headersTimeout: 0, bodyTimeout: 0 };
  const dispatcher: Dispatcher = usesProxy ? new EnvHttpProxyAgent(options) : new Pool(origin, options);
  return {
    send({ method, path, headers, body, signal, onSent }) {
      const options = {
        origin,
        path: prefix + path,
        method,
        headers: {
          'user-agent': 'nearfar',
          'accept-encoding': 'identity',
          ...(body === null ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body,
      };
      return dispatch(dispatcher, options, signal, onSent);
    },
    close: () => dispatcher.destroy(),
  };
}

/** Below undici's `request`, whose body is a stream of Node's. */
function dispatch(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: StopSignal,
  onSent: (() => void) | undefined,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    let source: Dispatcher.DispatchController | null = null;
    let answerBody: AnswerBody | null = null;
    const onAbort = (): void => {
      const reason = signal.reason as Error;
      reject(reason);
      // Before it has a connection it is cut as soon as it gets one.
      source?.abort(reason);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    const end = (): void => {
      signal.removeEventListener('abort', onAbort);
    };
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        source = controller;
        if (signal.aborted) controller.abort(signal.reason as Error);
        else onSent?.();
      },
      onResponseStart(controller, status, headers) {
        // What is only informed of is not the answer yet.
        if (status < 200) return;
        const body = (answerBody = new AnswerBody(controller));
        // A short answer is all there by then.
        afterTurn(() => {
          resolve({ status, headers, body });
        });
      },
      onResponseData(_controller, chunk) {
        answerBody?.push(chunk);
      },
      onResponseEnd() {
        end();
        answerBody?.finish();
      },
      onResponseError(_controller, error) {
        end();
        if (answerBody === null) reject(error);
        else answerBody.fail(error);
      },
    });
  });
}

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved',
  ECONNREFUSED: 'the connection was refused',
  UND_ERR_CONNECT_TIMEOUT: 'it did not take the connection in time',
  ETIMEDOUT: 'it did not take the connection in time',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
};

/**
 * A failure of the network in words, without the address, which may hold a secret. What never reached the upstream is
 * `unavailable`, what broke off is `upstream_failed`.
 */
export function networkFailure(thrown: unknown): NearfarError {
  if (thrown instanceof NearfarError) return thrown;
  for (let at: unknown = thrown, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const meaning = 'code' in at && typeof at.code === 'string' ? meanings[at.code] : undefined;
    if (meaning !== undefined) {
      return new NearfarError('unavailable', `The upstream cannot be reached: ${meaning}.`, {
        cause: thrown,
      });
    }
  }
  return new NearfarError('upstream_failed', 'The upstream cut the connection.', { cause: thrown });
}

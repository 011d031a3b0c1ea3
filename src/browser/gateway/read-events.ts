import { createParser } from 'eventsource-parser';
import { NearfarError } from '../../chat/error.ts';
import type { WirePart, WireReader, WireRequest } from '../../upstream/protocol.ts';
import type { GatewayConnection } from './connection.ts';

/** Characters that one event may have. */
const longestEvent = 16 * 1024 * 1024;
/** Milliseconds without a byte after which a connection is taken for dead; gateways send comments in between. */
const silenceMs = 120_000;

/** One answer of a stream of events, read by the protocol's own reader. Leaving early closes the connection. */
export async function* readEvents(
  connection: GatewayConnection,
  { path, body }: WireRequest,
  headers: Readonly<Record<string, string>>,
  reader: WireReader,
  signal: AbortSignal,
): AsyncGenerator<WirePart, void, undefined> {
  const abort = new AbortController();
  const both = AbortSignal.any([signal, abort.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = { isDead: false };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.isDead = true;
      abort.abort();
    }, silenceMs);
  };
  try {
    wait();
    const response = await connection.post(path, body, { accept: 'text/event-stream', ...headers }, both);
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream') || response.body === null) {
      throw new NearfarError('upstream_failed', 'The gateway sent no stream of events.');
    }
    const events: { readonly event: string; readonly data: string }[] = [];
    const parser = createParser({
      onEvent: ({ event = '', data }) => events.push({ event, data }),
      maxBufferSize: longestEvent,
      onError: (error) => {
        if (error.type !== 'max-buffer-size-exceeded') return;
        throw new NearfarError('upstream_failed', 'The gateway sent an event that has no end.');
      },
    });
    const decoder = new TextDecoder();
    const bytes = response.body.getReader();
    for (;;) {
      const { done, value } = await bytes.read();
      wait();
      // Some servers leave out the empty line behind the last event.
      parser.feed(done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true }));
      for (const event of events.splice(0)) yield* reader.read(event);
      if (done || reader.isDone) break;
    }
    yield* reader.end();
  } catch (thrown) {
    if (silence.isDead) {
      throw new NearfarError('timeout', `The gateway said nothing for ${String(silenceMs / 1000)} seconds.`);
    }
    if (thrown instanceof NearfarError) throw thrown;
    throw new NearfarError('upstream_failed', 'The connection to the gateway broke off.', { cause: thrown });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

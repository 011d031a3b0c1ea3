import { NearfarError } from '../chat/error.ts';
import type { StopSignal } from '../chat/stop-signal.ts';
import { networkFailure, type Connection, type SendOptions, type UpstreamAnswer } from './connection.ts';
import { createEventFraming, createLineFraming, type Framing } from './framing.ts';
import { createPatience, type Patience } from './patience.ts';
import type { WirePart, WireProtocol, WireReader } from './protocol.ts';
import { broken } from './wire-json.ts';
import { errorOfFailure, withoutSecrets } from './wire-error.ts';

export interface UpstreamTimeouts {
  /** From asking until the first piece of the answer, queueing at the upstream included. */
  readonly firstTokenMs: number;
  /** Longest silence within an answer. */
  readonly idleMs: number;
}

export interface Exchange {
  readonly connection: Connection;
  readonly send: Omit<SendOptions, 'signal'>;
  readonly protocol: WireProtocol;
  readonly reader: WireReader;
  readonly timeouts: UpstreamTimeouts;
  /** Texts that no error may show. */
  readonly secrets: readonly string[];
  readonly signal: StopSignal;
  /** The upstream took the request, and answered that it does not answer it. */
  readonly onRefused?: () => void;
}

/** Bytes of an error's body that are read for its message. */
const errorBodyBytes = 64 * 1024;
/** How long an upstream may take to end its stream behind the last event before its connection is cut. */
const lateEndMs = 50;

/**
 * One question to an upstream and its answer. Ends in `finish`.
 * @throws NearfarError in place of it; whatever was not read is given up
 */
export async function* exchange(options: Exchange): AsyncGenerator<WirePart, void, undefined> {
  const { connection, send, protocol, reader, timeouts, secrets } = options;
  const patience = createPatience(options.signal);
  patience.wait(timeouts.firstTokenMs, 'did not begin its answer');
  try {
    const answer = await connection.send({ ...send, signal: patience.signal });
    if (answer.status !== 200) {
      options.onRefused?.();
      throw await failureOf(answer, secrets);
    }
    requireStream(answer, protocol);
    const framing = protocol.framing === 'events' ? createEventFraming() : createLineFraming();
    yield* readAnswer({ answer, framing, reader, patience, idleMs: timeouts.idleMs });
  } catch (thrown) {
    const { signal } = patience;
    throw signal.aborted && signal.reason instanceof NearfarError
      ? signal.reason
      : withoutSecrets(networkFailure(thrown), secrets);
  } finally {
    patience.end();
  }
}

interface Reading {
  readonly answer: UpstreamAnswer;
  readonly framing: Framing;
  readonly reader: WireReader;
  readonly patience: Patience;
  readonly idleMs: number;
}

async function* readAnswer(reading: Reading): AsyncGenerator<WirePart, void, undefined> {
  const { answer, framing, reader, patience, idleMs } = reading;
  let hasToken = false;
  const bytes = answer.body[Symbol.asyncIterator]();
  for (;;) {
    let result: IteratorResult<Uint8Array>;
    try {
      result = await bytes.next();
    } catch (thrown) {
      // Cut or silent behind the last choice's end: the answer is whole all the same.
      const rest = wholeEnd(reader);
      if (rest === null) throw thrown;
      yield* rest;
      return;
    }
    const events = result.done === true ? framing.end() : framing.push(result.value);
    for (const event of events) {
      if (reader.isDone) break;
      for (const part of reader.read(event)) {
        if (!hasToken && part.type !== 'start') {
          hasToken = true;
          patience.wait(idleMs, 'sent nothing more');
        }
        yield part;
      }
    }
    if (result.done === true || reader.isDone) {
      const rest = reader.end();
      // Whoever reads the last part leaves: the connection must be free by then.
      if (result.done !== true) await readOut(answer);
      yield* rest;
      return;
    }
    if (hasToken) patience.refresh();
  }
}

/** Behind the last event there is nothing but the end; once that is read, the connection can be used again. */
async function readOut({ body }: UpstreamAnswer): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const lateEnd = new Promise((resolve) => {
    timer = setTimeout(resolve, lateEndMs);
  });
  await Promise.race([body.dump({ limit: 1024 }).catch(() => undefined), lateEnd]);
  clearTimeout(timer);
}

function wholeEnd(reader: WireReader): readonly WirePart[] | null {
  try {
    return reader.end();
  } catch {
    return null;
  }
}

/** @throws NearfarError `upstream_failed` where something else came: a proxy's page, a whole answer */
function requireStream({ headers }: UpstreamAnswer, { framing }: WireProtocol): void {
  const type = headers['content-type'];
  const text = typeof type === 'string' ? type : '';
  if (/text\/html/i.test(text) || (framing === 'events' && /^application\/json/i.test(text))) {
    throw broken(`answered with ${text.split(';', 1)[0] ?? ''}, not with a stream`);
  }
}

/** The upstream's refusal, read as far as its message goes. */
export async function failureOf(
  { status, headers, body }: UpstreamAnswer,
  secrets: readonly string[],
): Promise<NearfarError> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount >= errorBodyBytes) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return errorOfFailure({ status, headers, body: text }, Date.now(), secrets);
}

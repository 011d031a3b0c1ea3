import { NearfarError, toNearfarError } from '../chat/error.ts';
import { boundBrackets, boundStructure, maxValueCount } from './body-structure.ts';
import type { ArrivedRequest, RequestHeaders } from './arrived-request.ts';
import type { HttpLimits } from './dependencies.ts';

/** What is read of a request here. */
type BodyRequest = Pick<ArrivedRequest, 'headers' | 'body' | 'arrayBuffer' | 'takeBytes'>;

/**
 * Reads a JSON body, never more than `bodyBytes` of it and never for longer than `bodyTimeoutMs`,
 * and never more values than the schemas can look at in a moment.
 * @throws NearfarError `unsupported_media_type`, `too_large`, `slow_request`, `invalid_request` or `aborted`
 */
export async function readJsonBody(
  request: BodyRequest,
  limits: Pick<HttpLimits, 'bodyBytes' | 'bodyTimeoutMs'>,
): Promise<unknown> {
  return (await readJson(request, limits)).value;
}

/** As `readJsonBody`, with the text as it came beside its value. */
export async function readJson(
  request: BodyRequest,
  limits: Pick<HttpLimits, 'bodyBytes' | 'bodyTimeoutMs'>,
): Promise<{ readonly text: string; readonly value: unknown }> {
  requireJson(request.headers);
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
  // The server holds a body to its declared length, so that one can be read at once.
  const taken = declared === null ? undefined : request.takeBytes?.();
  const bytes =
    taken instanceof Uint8Array ? taken : await readWithin(request, limits, taken, declared !== null);
  boundBrackets(bytes);
  const text = decodeText(bytes);
  const value = parseJson(text);
  // Each value takes a byte.
  if (bytes.length > maxValueCount) boundStructure(value);
  return { text, value };
}

/** Only JSON: a web page cannot send it across origins without a preflight, which is refused. */
function requireJson(headers: RequestHeaders): void {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    throw new NearfarError('unsupported_media_type', 'Compressed bodies are not taken: send it as it is.', {
      field: 'content-encoding',
    });
  }
  const contentType = headers.get('content-type');
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return;
  throw new NearfarError(
    'unsupported_media_type',
    'The body must be JSON: send the header "content-type: application/json".',
    { field: 'content-type' },
  );
}

async function readWithin(
  request: BodyRequest,
  limits: Pick<HttpLimits, 'bodyBytes' | 'bodyTimeoutMs'>,
  taken: Promise<Uint8Array> | undefined,
  isLengthKnown: boolean,
): Promise<Uint8Array> {
  let stop: AbortController | null = null;
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new NearfarError(
          'slow_request',
          `The body did not arrive within ${limits.bodyTimeoutMs / 1000} seconds.`,
        ),
      );
      stop?.abort();
    }, limits.bodyTimeoutMs);
  });
  const whole = isLengthKnown
    ? (taken ?? request.arrayBuffer().then((buffer) => new Uint8Array(buffer)))
    : readCounted(request, limits.bodyBytes, (stop = new AbortController()).signal);
  try {
    return await Promise.race([whole, tooSlow]);
  } catch (thrown) {
    // The loser of the race may still reject; nobody is left to hear it.
    whole.catch(() => undefined);
    if (thrown instanceof NearfarError) throw thrown;
    throw new NearfarError('aborted', 'The client went away while sending the body.', {
      cause: toNearfarError(thrown).cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function readCounted(
  request: BodyRequest,
  bodyBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const body: ReadableStream<Uint8Array> | null = request.body;
  const reader = body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const cancel = (): void => {
    reader.cancel().catch(() => undefined);
  };
  signal.addEventListener('abort', cancel, { once: true });
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    byteCount += value.byteLength;
    if (byteCount > bodyBytes) {
      cancel();
      throw tooLarge(bodyBytes);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bodyBytes: number): NearfarError {
  return new NearfarError('too_large', `The body is larger than the ${bodyBytes} bytes taken here.`);
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    throw new NearfarError('invalid_request', 'The body is not valid UTF-8.', { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // The parser's own message quotes the body, which may hold a prompt: it stays in the cause.
    throw new NearfarError('invalid_request', 'The body is not valid JSON.', { cause });
  }
}

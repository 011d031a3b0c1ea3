import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it reached the upstream, byte for byte. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
  /** Set once the gateway cuts the connection before the answer's end. */
  isCut: boolean;
}

export interface FakeUpstream {
  readonly url: string;
  readonly arrived: Arrived[];
  /** Connections that were ever made, so that tests can tell that nobody even knocked. */
  readonly connectionCount: () => number;
  /** What happens to each request; may be changed at any time. */
  respond: (response: ServerResponse, request: Arrived) => void | Promise<void>;
  readonly close: () => Promise<void>;
}

/** A server elsewhere that does what a test tells it to. */
export async function fakeUpstream(respond: FakeUpstream['respond']): Promise<FakeUpstream> {
  const arrived: Arrived[] = [];
  let connectionCount = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const entry: Arrived = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        text,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
        isCut: false,
      };
      arrived.push(entry);
      response.on('close', () => {
        if (!response.writableFinished) entry.isCut = true;
      });
      void upstream.respond(response, entry);
    });
  });
  server.on('connection', (socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: FakeUpstream = {
    url: `http://127.0.0.1:${port}`,
    arrived,
    connectionCount: () => connectionCount,
    respond,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
  return upstream;
}

export function beginStream(response: ServerResponse, contentType = 'text/event-stream'): void {
  response.writeHead(200, { 'content-type': contentType });
  response.flushHeaders();
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function openaiChunk(delta: object, reason: string | null = null): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'far-model-2026',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  })}\n\n`;
}

export const openaiUsageChunk = `data: ${JSON.stringify({
  id: 'chatcmpl-x',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'far-model-2026',
  choices: [],
  usage: {
    prompt_tokens: 1000,
    completion_tokens: 200,
    total_tokens: 1200,
    prompt_tokens_details: { cached_tokens: 400 },
  },
})}\n\n`;

/** "Hello there" in OpenAI's events, with usage; whole where the request asks for no stream. */
export function openaiHello(response: ServerResponse, request?: Arrived): void {
  if (request !== undefined && request.body['stream'] !== true) {
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: 'far-model-2026',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1000, completion_tokens: 200, prompt_tokens_details: { cached_tokens: 400 } },
    });
    return;
  }
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content: '' }));
  response.write(openaiChunk({ content: 'Hello' }));
  response.write(openaiChunk({ content: ' there' }));
  response.write(openaiChunk({}, 'stop'));
  response.write(openaiUsageChunk);
  response.end('data: [DONE]\n\n');
}

function anthropicEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/** "Hello there" in Anthropic's events. */
export function anthropicHello(response: ServerResponse): void {
  beginStream(response);
  const usage = {
    input_tokens: 600,
    cache_read_input_tokens: 400,
    cache_creation_input_tokens: 0,
    output_tokens: 1,
  };
  response.write(
    anthropicEvent('message_start', {
      message: {
        id: 'msg_x',
        type: 'message',
        role: 'assistant',
        model: 'far-model-2026',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage,
      },
    }),
  );
  response.write(
    anthropicEvent('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  );
  for (const text of ['Hello', ' there']) {
    response.write(anthropicEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }));
  }
  response.write(anthropicEvent('content_block_stop', { index: 0 }));
  response.write(
    anthropicEvent('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 200 },
    }),
  );
  response.end(anthropicEvent('message_stop', {}));
}

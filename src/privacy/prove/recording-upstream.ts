import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What an upstream was sent: everything that a server elsewhere would have read. */
export interface Recorded {
  /** What stands first in the path: which upstream of the settings this was meant for. */
  readonly upstream: string;
  /** Method, address, headers and body. */
  readonly bytes: string;
}

/** How one request is answered: well, or as servers do that are in trouble. */
export type UpstreamFault = 'none' | 'error' | 'overloaded' | 'cut' | 'late';

export interface RecordingUpstream {
  /** Of an upstream by its name; a replica has a number. */
  addressOf(name: string, replica?: number): string;
  /** All of them so far. */
  readonly recorded: readonly Recorded[];
  close(): Promise<void>;
}

/** Answers in the language of each path, on loopback, and keeps what it was sent in memory. */
export async function createRecordingUpstream(nextFault: () => UpstreamFault): Promise<RecordingUpstream> {
  const recorded: Recorded[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    const record = (): string => {
      // Latin-1 keeps each byte, UTF-8 what they say: both, so that nothing hides between the two.
      const body = Buffer.concat(chunks);
      const head = `${request.method ?? ''} ${request.url ?? ''}\n${request.rawHeaders.join('\n')}\n`;
      const upstream = decodeURIComponent((request.url ?? '').split('/')[1] ?? '');
      const text = body.toString('utf8');
      recorded.push({ upstream, bytes: `${head}\n${text}` });
      return text;
    };
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // What was sent before a client went away was read too.
    request.on('aborted', record);
    request.on('end', () => {
      respond(request, response, record(), request.method === 'POST' ? nextFault() : 'none');
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    recorded,
    addressOf: (name, replica = 0) => `http://127.0.0.1:${port}/${encodeURIComponent(name)}/${replica}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** So late that a second server is asked where the settings hedge. */
const lateMs = 150;
const answer = 'That depends on the case.';

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  text: string,
  fault: UpstreamFault,
): void {
  response.on('error', () => undefined);
  if (fault === 'error' || fault === 'overloaded') {
    json(response, fault === 'error' ? 500 : 429, { error: { message: 'no', type: 'server_error' } });
    return;
  }
  const send = (): void => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    const isStreamed =
      /"stream"\s*:\s*true/.test(text) ||
      (/\/api\/(chat|generate)$/.test(path) && !/"stream"\s*:\s*false/.test(text));
    const reply = replyTo(path, isStreamed);
    if (!isStreamed || typeof reply === 'object') {
      json(response, 200, typeof reply === 'object' ? reply : {});
      return;
    }
    response.writeHead(200, {
      'content-type': path.includes('/api/') ? 'application/x-ndjson' : 'text/event-stream',
    });
    if (fault !== 'cut') {
      response.end(reply);
      return;
    }
    response.write(reply.slice(0, Math.floor(reply.length / 2)), () => response.destroy());
  };
  if (fault === 'late') setTimeout(send, lateMs).unref();
  else send();
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** A whole answer as an object, a stream as its text. */
function replyTo(path: string, isStreamed: boolean): object | string {
  if (path.endsWith('/chat/completions')) return isStreamed ? chatStream() : chatAnswer();
  if (path.endsWith('/messages')) return isStreamed ? messageStream() : messageAnswer();
  if (path.endsWith('/responses')) return isStreamed ? responseStream() : responseAnswer();
  if (path.endsWith('/api/chat'))
    return ollama({ message: { role: 'assistant', content: answer } }, isStreamed);
  if (path.endsWith('/api/generate')) return ollama({ response: answer }, isStreamed);
  if (path.endsWith('/completions')) return isStreamed ? textStream() : textAnswer();
  if (path.endsWith('/embeddings'))
    return {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, 0] }],
      model: 'm',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    };
  if (path.endsWith('/api/embed')) return { model: 'm', embeddings: [[1, 0]], prompt_eval_count: 3 };
  return { object: 'list', data: [], models: [] };
}

const events = (list: readonly object[], end = ''): string =>
  list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + end;
const namedEvents = (list: readonly { readonly type: string }[]): string =>
  list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

const usage = { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 };
const chunk = (choice: object, more: object = {}): object => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index: 0, finish_reason: null, ...choice }],
  ...more,
});
const chatStream = (): string =>
  events(
    [
      chunk({ delta: { role: 'assistant', content: '' } }),
      chunk({ delta: { content: answer } }),
      chunk({ delta: {}, finish_reason: 'stop' }),
      { ...chunk({}), choices: [], usage },
    ],
    'data: [DONE]\n\n',
  );
const chatAnswer = (): object => ({
  ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm', usage },
  choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
});
const textAnswer = (): object => ({
  ...{ id: 'c', object: 'text_completion', created: 1, model: 'm', usage },
  choices: [{ index: 0, text: answer, finish_reason: 'stop', logprobs: null }],
});
const textStream = (): string => events([textAnswer()], 'data: [DONE]\n\n');

const messageHead = { id: 'msg', type: 'message', role: 'assistant', model: 'm' };
const messageUsage = { input_tokens: 20, output_tokens: 6 };
const messageAnswer = (): object => ({
  ...messageHead,
  ...{
    content: [{ type: 'text', text: answer }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: messageUsage,
  },
});
const messageStream = (): string =>
  namedEvents([
    {
      type: 'message_start',
      ...{
        message: { ...messageHead, content: [], stop_reason: null, stop_sequence: null, usage: messageUsage },
      },
    },
    { type: 'content_block_start', ...{ index: 0, content_block: { type: 'text', text: '' } } },
    { type: 'content_block_delta', ...{ index: 0, delta: { type: 'text_delta', text: answer } } },
    { type: 'content_block_stop', ...{ index: 0 } },
    {
      type: 'message_delta',
      ...{ delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 6 } },
    },
    { type: 'message_stop' },
  ]);

const responsePart = { type: 'output_text', text: answer, annotations: [] };
const responseItem = {
  type: 'message',
  id: 'msg',
  role: 'assistant',
  status: 'completed',
  content: [responsePart],
};
const responseAnswer = (status = 'completed'): object => ({
  ...{ id: 'resp', object: 'response', created_at: 1, model: 'm', status },
  output: status === 'completed' ? [responseItem] : [],
  usage: status === 'completed' ? { input_tokens: 20, output_tokens: 6, total_tokens: 26 } : null,
});
const responseStream = (): string => {
  const within = { item_id: 'msg', output_index: 0, content_index: 0 };
  const all: readonly { readonly type: string }[] = [
    { type: 'response.created', ...{ response: responseAnswer('in_progress') } },
    {
      type: 'response.output_item.added',
      ...{ output_index: 0, item: { ...responseItem, status: 'in_progress', content: [] } },
    },
    { type: 'response.content_part.added', ...within, ...{ part: { ...responsePart, text: '' } } },
    { type: 'response.output_text.delta', ...within, ...{ delta: answer } },
    { type: 'response.output_text.done', ...within, ...{ text: answer } },
    { type: 'response.content_part.done', ...within, ...{ part: responsePart } },
    { type: 'response.output_item.done', ...{ output_index: 0, item: responseItem } },
    { type: 'response.completed', ...{ response: responseAnswer() } },
  ];
  return namedEvents(all.map((event, sequence_number) => ({ ...event, sequence_number })));
};

function ollama(said: object, isStreamed: boolean): object | string {
  const head = { model: 'm', created_at: '2026-01-01T00:00:00Z' };
  const end = { done: true, done_reason: 'stop', prompt_eval_count: 20, eval_count: 6, total_duration: 1 };
  if (!isStreamed) return { ...head, ...said, ...end };
  const last = 'response' in said ? { response: '' } : { message: { role: 'assistant', content: '' } };
  return [
    { ...head, ...said, done: false },
    { ...head, ...last, ...end },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { promptMark, stubModel, stubPieces, stubText } from './gateway-traffic.ts';

/**
 * The upstream behind every gateway of `bench -- gateway`, as a process of its own: as little work as node:http allows.
 * Streams leave event by event, as a model's do. Prints its port; `/count` tells how many chats were answered.
 */

const head = { id: 'chatcmpl-stub', created: 1_760_000_000, model: stubModel };
const usage = {
  prompt_tokens: 50,
  completion_tokens: stubPieces.length,
  total_tokens: 50 + stubPieces.length,
};

const whole = Buffer.from(
  JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: stubText }, finish_reason: 'stop' }],
    usage,
  }),
);

const chunk = (fields: object): Buffer =>
  Buffer.from(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`);
const choice = (delta: object, finish_reason: string | null = null): Buffer =>
  chunk({ choices: [{ index: 0, delta, finish_reason }] });

const events = [
  choice({ role: 'assistant', content: '' }),
  ...stubPieces.map((content) => choice({ content })),
  choice({}, 'stop'),
];
const usageEvent = chunk({ choices: [], usage });
const done = Buffer.from('data: [DONE]\n\n');

let answeredCount = 0;

function stream(response: ServerResponse, withUsage: boolean): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const rest = withUsage ? [...events, usageEvent] : events;
  let at = 0;
  const next = (): void => {
    const event = rest[at++];
    if (event === undefined) {
      response.end(done);
      return;
    }
    response.write(event);
    setImmediate(next);
  };
  next();
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (bytes: Buffer) => chunks.push(bytes));
  request.on('end', () => {
    if (request.method !== 'POST') {
      const text = String(answeredCount);
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': text.length });
      response.end(text);
      return;
    }
    const body = Buffer.concat(chunks).toString('utf8');
    // A gateway that lost the prompt would be quick for nothing.
    if (!body.includes(promptMark)) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"the prompt did not arrive"}}');
      return;
    }
    answeredCount++;
    if (/"stream":\s*true/.test(body)) {
      stream(response, /"include_usage":\s*true/.test(body));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
    response.end(whole);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

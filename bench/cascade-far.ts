import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the far tier of `bench -- cascade` says; no small model would. */
export const farText = 'FAR-TIER-ANSWER';

export interface FarTier {
  readonly origin: string;
  readonly askedCount: () => number;
  readonly close: () => Promise<void>;
}

/** An upstream that answers every chat with the same words, at once. */
export async function openFarTier(): Promise<FarTier> {
  let askedCount = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(404).end();
        return;
      }
      askedCount += 1;
      const isStreamed = /"stream":\s*true/.test(Buffer.concat(chunks).toString('utf8'));
      if (isStreamed) stream(response);
      else whole(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    askedCount: () => askedCount,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

const head = { id: 'chatcmpl-far', created: 1_760_000_000, model: 'far-model' };
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (fields: object): void => {
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`);
  };
  send({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] });
  for (const content of farText.split(/(?<=-)/))
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function whole(response: ServerResponse): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: farText }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage }));
}

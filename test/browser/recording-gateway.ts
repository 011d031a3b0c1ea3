import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server in the gateway's place that answers, allows every page, and remembers all that it was sent. */
export interface RecordingGateway {
  readonly url: string;
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

export async function startRecordingGateway(): Promise<RecordingGateway> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const allowed = {
        'access-control-allow-origin': '*',
        'access-control-allow-headers': '*',
        'cross-origin-resource-policy': 'cross-origin',
      };
      if (request.method === 'OPTIONS') {
        response.writeHead(204, allowed).end();
        return;
      }
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      response.writeHead(200, { ...allowed, 'content-type': 'text/event-stream' });
      const delta = (content: string): object => ({
        id: 'c',
        model: 'far',
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      });
      const parts = [
        delta('from '),
        delta('afar'),
        { id: 'c', model: 'far', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
        { id: 'c', model: 'far', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
      ];
      for (const part of parts) response.write(`data: ${JSON.stringify(part)}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

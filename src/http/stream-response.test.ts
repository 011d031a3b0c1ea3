import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { bytesResponse, sendResponse, streamResponse } from './stream-response.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What a client gets. */
async function served(answer: (outgoing: ServerResponse) => void): Promise<Response> {
  const server = createServer((_, outgoing) => {
    answer(outgoing);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function streamOf(headers: Record<string, string>, read: () => Promise<string | null>) {
  const events: string[] = [];
  const response = streamResponse(
    {
      reader: { read, close: () => events.push('closed') },
      encode: (item: string) => item,
      keepAliveText: null,
      limits: { slowClientMs: 60_000, keepAliveCommentMs: 60_000 },
      onAbandoned: () => events.push('abandoned'),
      disconnect: () => undefined,
    },
    headers,
  );
  return { response, events };
}

it('ends an answer whose head cannot be written, and the connection, but not the process', async () => {
  const { response, events } = streamOf({ 'x-odd': 'a\nb' }, () => Promise.resolve(null));
  await expect(served((outgoing) => void sendResponse(response, outgoing))).rejects.toThrow();
  expect(events).toEqual(['abandoned', 'closed']);
  const whole = bytesResponse(new Uint8Array(), { 'x-odd': '\u65e5' }, true);
  await expect(served((outgoing) => void sendResponse(whole, outgoing))).rejects.toThrow();
});

it('ends an answer that cannot be read on likewise', async () => {
  const { response, events } = streamOf({}, () => Promise.reject(new Error('no such part')));
  const got = await served((outgoing) => void sendResponse(response, outgoing)).catch(() => null);
  await expect(got?.text() ?? Promise.reject(new Error('cut'))).rejects.toThrow();
  expect(events).toEqual(['abandoned', 'closed']);
});

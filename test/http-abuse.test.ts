import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { defaultHttpLimits } from '../src/http/dependencies.ts';
import {
  fakeStart,
  fakeTimings,
  fakeUsage,
  hello,
  listeningFakeGateway,
  type Script,
} from './fake-gateway.ts';

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(
  script: Script = hello,
  limits: Partial<typeof defaultHttpLimits> = {},
): Promise<Gateway> {
  const gateway = await listeningFakeGateway(script, { limits: { ...defaultHttpLimits, ...limits } });
  open.push(() => gateway.server.close(50));
  return gateway;
}

/** A raw connection, for what no well-mannered client does. */
function dial(gateway: Gateway): {
  socket: Socket;
  received: () => string;
  until: (text: string) => Promise<void>;
} {
  const socket = connect(gateway.server.port, '127.0.0.1');
  open.push(() => {
    socket.destroy();
  });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  return {
    socket,
    received: () => received,
    until: (text) =>
      waitFor(() => received.includes(text) || socket.closed).then(() => {
        expect(received).toContain(text);
      }),
  };
}

async function waitFor(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error('Waited in vain.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const head = (length: number | 'chunked', path = '/v1/chat/completions'): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${
    length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  }\r\n\r\n`;

const prompt = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'x' }], stream: true });

/** Speaks without end until it is stopped. */
const endless: Script = async function* (_request, signal): AsyncGenerator<ChatPart> {
  yield fakeStart;
  while (!signal.aborted) {
    yield { type: 'text-delta', choice: 0, text: 'word '.repeat(400) };
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield { type: 'error', error: new NearfarError('aborted', 'Stopped.') };
};

describe('bodies', () => {
  it('that declare too many bytes are refused before they are read', async () => {
    const { received, socket, until } = dial(await start(hello, { bodyBytes: 1000 }));
    socket.write(head(1001));
    await until('413');
    expect(received()).toMatch(/connection: close/i);
  });

  it('that turn out too large are refused while they are read', async () => {
    const gateway = await start(hello, { bodyBytes: 1000 });
    const { socket, until } = dial(gateway);
    socket.write(`${head('chunked')}1f4\r\n${'x'.repeat(500)}\r\n`);
    socket.write(`258\r\n${'x'.repeat(600)}\r\n`);
    await until('413');
    expect(gateway.seen.requests).toHaveLength(0);
  });

  it('that trickle in are given up, of known and unknown length', async () => {
    const gateway = await start(hello, { bodyTimeoutMs: 60 });
    for (const request of [`${head(500)}{"model"`, `${head('chunked')}8\r\n{"model"\r\n`]) {
      const { socket, until } = dial(gateway);
      socket.write(request);
      await until('408');
    }
    expect(gateway.seen.requests).toHaveLength(0);
  });

  it('whose headers never end are cut off', async () => {
    const { socket, until } = dial(await start(hello, { headerTimeoutMs: 60 }));
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n');
    await until('408');
  });

  it('that are no JSON, no UTF-8, or of another type get an error in the right dialect', async () => {
    const gateway = await start();
    const post = (
      path: string,
      body: string | Uint8Array<ArrayBuffer>,
      type = 'application/json',
    ): Promise<Response> =>
      fetch(gateway.server.url + path, { method: 'POST', body, headers: { 'content-type': type } });
    for (const body of ['', '{', 'null', '[]', '"x"', '{"model":1}', `{"a":${'['.repeat(40_000)}`]) {
      expect((await post('/v1/chat/completions', body)).status).toBe(400);
    }
    expect((await post('/v1/messages', new Uint8Array([0xff, 0x7b]))).status).toBe(400);
    const form = await post('/api/chat', 'model=auto', 'application/x-www-form-urlencoded');
    expect(form.status).toBe(415);
    expect(await form.json()).toEqual({ error: expect.stringContaining('application/json') as string });
    expect((await post('/v1/messages', prompt, 'text/plain')).status).toBe(415);
    expect(gateway.seen.requests).toHaveLength(0);
    expect(gateway.seen.reported).toHaveLength(0);
  });

  it('leave the server usable', async () => {
    const gateway = await start(hello, { bodyBytes: 1000, bodyTimeoutMs: 60 });
    for (const garbage of [
      '\0\0\0\0',
      'GET / HTTP/9\r\n\r\n',
      `${head(2000)}{}`,
      'GET  HTTP/1.1\r\nHost: a b\r\n\r\n',
    ]) {
      const { socket } = dial(gateway);
      socket.write(garbage);
    }
    expect((await fetch(`${gateway.server.url}/health`)).status).toBe(200);
  });
});

describe('clients that go away', () => {
  it('abort a stream at once', async () => {
    const gateway = await start(endless);
    const { socket, until } = dial(gateway);
    socket.write(head(Buffer.byteLength(prompt)) + prompt);
    await until('word');
    socket.destroy();
    await waitFor(() => gateway.seen.abortCount === 1);
  });

  it('abort an answer that is not streamed, and one that has not begun', async () => {
    let asked = 0;
    const gateway = await start(async function* (_request, signal): AsyncGenerator<ChatPart> {
      asked++;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      yield { type: 'error', error: new NearfarError('aborted', 'Stopped.') };
    });
    for (const stream of [true, false]) {
      const { socket } = dial(gateway);
      const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'x' }], stream });
      const before = asked;
      socket.write(head(Buffer.byteLength(body), '/api/chat') + body);
      await waitFor(() => asked > before);
      socket.destroy();
      await waitFor(() => gateway.seen.abortCount === asked);
    }
  });

  it('stop every prompt of a list', async () => {
    const gateway = await start(endless);
    const { socket, until } = dial(gateway);
    const body = JSON.stringify({ model: 'auto', prompt: ['a', 'b', 'c'], stream: true });
    socket.write(head(Buffer.byteLength(body), '/v1/completions') + body);
    await until('word');
    socket.destroy();
    await waitFor(() => gateway.seen.abortCount === 3);
  });

  it('but stay connected and read nothing are dropped after a while', async () => {
    const gateway = await start(endless, { slowClientMs: 100 });
    const { socket } = dial(gateway);
    socket.pause();
    socket.write(head(Buffer.byteLength(prompt)) + prompt);
    await waitFor(() => gateway.seen.abortCount === 1);
    await waitFor(() => {
      socket.resume();
      return socket.closed;
    });
  });

  it('are not waited for by others', async () => {
    const gateway = await start(async function* (request, signal): AsyncGenerator<ChatPart> {
      yield* request.requestedModel === 'near' ? endless(request, signal) : hello(request);
    });
    const { socket } = dial(gateway);
    socket.pause();
    const body = prompt.replace('auto', 'near');
    socket.write(head(Buffer.byteLength(body)) + body);
    await waitFor(() => gateway.seen.requests.length === 1);
    const other = await fetch(`${gateway.server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: prompt,
    });
    expect(await other.text()).toContain('[DONE]');
  });
});

describe('waiting', () => {
  it('opens the stream and keeps it open with comments; a late failure is an event', async () => {
    let answerNow: (() => void) | undefined;
    const gateway = await start(
      async function* (): AsyncGenerator<ChatPart> {
        await new Promise<void>((resolve) => {
          answerNow = resolve;
        });
        yield { type: 'error', error: new NearfarError('timeout', 'The deadline passed.') };
      },
      { keepAliveCommentMs: 20 },
    );
    const { socket, received, until } = dial(gateway);
    socket.write(head(Buffer.byteLength(prompt)) + prompt);
    await until(': waiting');
    expect(received()).toContain('200 OK');
    answerNow?.();
    await until('"code":"timeout"');
    expect(received()).not.toContain('[DONE]');
  });

  it('lets answers under way end when the server closes', async () => {
    let finish: (() => void) | undefined;
    const gateway = await listeningFakeGateway(async function* (): AsyncGenerator<ChatPart> {
      yield fakeStart;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      yield { type: 'choice-end', choice: 0, reason: 'stop' };
      yield { type: 'finish', usage: fakeUsage, timings: fakeTimings };
    });
    const { socket, until } = dial(gateway);
    socket.write(head(Buffer.byteLength(prompt)) + prompt);
    await until('assistant');
    const closed = gateway.server.close(5_000);
    await expect(fetch(`${gateway.server.url}/health`)).rejects.toThrow();
    finish?.();
    await until('[DONE]');
    // The client would keep the connection for its next request; nobody waits for that.
    await closed;
    await waitFor(() => socket.closed);
  });

  it('200 clients at once all get an answer', async () => {
    const gateway = await start();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const response = await fetch(`${gateway.server.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: prompt,
        });
        return response.text();
      }),
    );
    expect(answers.every((text) => text.endsWith('data: [DONE]\n\n'))).toBe(true);
    expect(new Set(gateway.seen.requests.map((request) => request.id)).size).toBe(200);
  });
});

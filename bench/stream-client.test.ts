import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createStreamClient, requestBody, type StreamClient } from './stream-client.ts';
import { readTranscript, tokensPerSecond } from './transcript.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function clientOf(handler: Handler): Promise<StreamClient> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = createStreamClient(`http://127.0.0.1:${port ?? 0}`, 'm');
  closing.push(
    () => client.close(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  return client;
}

const job = { system: 'Be kind.', user: 'Hello', outputTokenCount: 3 };

function event(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function token(content: string): string {
  return event({ choices: [{ delta: { content }, finish_reason: null }] });
}

describe('stream client', () => {
  it('asks greedily for an exact number of tokens, and for alternatives only when told to', () => {
    expect(JSON.parse(requestBody('m', job))).toMatchObject({
      model: 'm',
      temperature: 0,
      max_tokens: 3,
      ignore_eos: true,
      stream: true,
      messages: [{ role: 'system' }, { role: 'user', content: 'Hello' }],
    });
    expect(requestBody('m', job)).not.toContain('logprobs');
    expect(requestBody('m', { ...job, topLogprobs: 2 })).toContain('"top_logprobs":2');
  });

  it('reads tokens, usage and finish, however the bytes are cut', async () => {
    const whole =
      event({ choices: [{ delta: { role: 'assistant', content: null } }] }) +
      token('Ä') +
      token('b') +
      token('c') +
      event({ choices: [{ delta: {}, finish_reason: 'length' }] }) +
      event({
        choices: [],
        usage: {
          prompt_tokens: 9,
          completion_tokens: 3,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      }) +
      'data: [DONE]\n\n';
    const bytes = Buffer.from(whole);
    for (const size of [1, 7, 50, bytes.length]) {
      const arrivals = [];
      for (let at = 0; at < bytes.length; at += size)
        arrivals.push({ at, bytes: bytes.subarray(at, at + size) });
      const transcript = readTranscript({
        startedAt: 0,
        endedAt: bytes.length,
        status: 200,
        headers: {},
        arrivals,
      });
      expect(transcript).toMatchObject({
        text: 'Äbc',
        finishReason: 'length',
        promptTokenCount: 9,
        cachedTokenCount: 4,
        completionTokenCount: 3,
      });
      expect(transcript.tokens.map((one) => one.at)).toEqual(
        transcript.tokens.map((one) => one.at).toSorted((a, b) => a - b),
      );
    }
  });

  it('stamps each token when it arrives, so that speed leaves the wait for the first out', async () => {
    const client = await clientOf((_request, response) => {
      setTimeout(() => response.write(token('a')), 60);
      setTimeout(() => response.write(token('b')), 90);
      const usage = event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });
      setTimeout(() => response.end(usage), 100);
    });
    const recording = await client.stream(job);
    const transcript = readTranscript(recording);
    const [first, second] = transcript.tokens;
    expect(first!.at).toBeGreaterThan(recording.startedAt);
    expect(second!.at).toBeGreaterThan(first!.at);
    expect(tokensPerSecond(transcript)).toBeCloseTo(1000 / (second!.at - first!.at));
  });

  it('gives what had arrived when the benchmark stops a stream', async () => {
    const client = await clientOf((_request, response) => {
      response.write(token('a'));
    });
    const stop = new AbortController();
    const recording = await client.stream(job, {
      signal: stop.signal,
      onArrival: () => {
        stop.abort();
      },
    });
    expect(readTranscript(recording)).toMatchObject({ text: 'a', finishReason: null });
  });

  it('fails with the words of the server', async () => {
    const refused = await clientOf((_request, response) => {
      response.writeHead(503).end('no model');
    });
    const recording = await refused.stream(job);
    expect(() => readTranscript(recording)).toThrow('status 503: no model');
    const broken = await clientOf((_request, response) => {
      response.end(event({ error: { message: 'the model crashed' } }));
    });
    const second = await broken.stream(job);
    expect(() => readTranscript(second)).toThrow('the model crashed');
  });
});

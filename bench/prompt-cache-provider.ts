import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  contentOf,
  createCacheBilling,
  type Bill,
  type Json,
  type ProviderRules,
} from './prompt-cache-bill.ts';

/**
 * A provider that answers nothing and bills by the documented rules of a prompt cache, over HTTP and on a clock that is
 * set. It shares no code with the planner: it reads bodies, counts tokens and keeps prefixes in its own way.
 */
export interface CacheProvider {
  readonly url: string;
  /** The time that it goes by, milliseconds. */
  now: number;
  /** Bills of the answers since the last call, in plain prompt tokens of its own. */
  takeBill(): Bill;
  forget(): void;
  close(): Promise<void>;
}

export async function openCacheProvider(rules: ProviderRules): Promise<CacheProvider> {
  const billing = createCacheBilling(rules);

  function answer(body: Record<string, unknown>): { status: number; body: object } {
    const billed = billing.ask(body, provider.now);
    if (typeof billed === 'string') {
      return {
        status: 400,
        body: { type: 'error', error: { type: 'invalid_request_error', message: billed } },
      };
    }
    const { total, read, short, long } = billed;
    return { status: 200, body: answerBody(rules.protocol, total, read, short, long) };
  }

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      const { status, body: said } = answer(body);
      if (status === 200 && body['stream'] === true && rules.protocol === 'anthropic') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(anthropicEvents(said as Json));
        return;
      }
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: CacheProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now: 0,
    takeBill: () => billing.takeBill(),
    forget: () => {
      billing.forget();
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return provider;
}

/** The same answer as a stream. */
function anthropicEvents({ content, stop_reason: reason, usage, ...message }: Json): string {
  const events: readonly Json[] = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: contentOf(content)[0]?.['text'] },
    },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { output_tokens: 2 },
    },
    { type: 'message_stop' },
  ];
  return events
    .map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

function answerBody(protocol: string, total: number, read: number, short: number, long: number): object {
  if (protocol === 'anthropic') {
    return {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'Yes.' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: total - read - short - long,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: short + long,
        cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
        output_tokens: 2,
      },
    };
  }
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: total,
      completion_tokens: 2,
      total_tokens: total + 2,
      prompt_tokens_details: { cached_tokens: read, cache_write_tokens: short },
    },
  };
}

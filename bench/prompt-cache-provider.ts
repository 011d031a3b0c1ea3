import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

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

export interface Bill {
  requestCount: number;
  promptTokenCount: number;
  readTokenCount: number;
  writtenTokenCount: number;
  /** What it costs, a plain prompt token costing 1. */
  cost: number;
}

export interface ProviderRules {
  readonly protocol: 'anthropic' | 'openai';
  readonly minimumTokenCount: number;
  /** Prices, a plain prompt token costing 1. */
  readonly readRate: number;
  readonly writeRate: number;
  readonly longWriteRate: number;
}

interface Block {
  readonly key: string;
  readonly tokenCount: number;
  /** Blocks of one run of calls or results are one position. */
  readonly position: number;
  readonly mark: 'short' | 'long' | null;
  /** Where earlier requests may have written without a mark of the client's. */
  readonly isTurnEnd: boolean;
}

interface Entry {
  readonly lifetimeMs: number;
  until: number;
}

const shortMs = 5 * 60_000;
const longMs = 60 * 60_000;
const openaiMs = 30 * 60_000;

export async function openCacheProvider(rules: ProviderRules): Promise<CacheProvider> {
  const entries = new Map<string, Entry>();
  const empty = (): Bill => ({
    requestCount: 0,
    promptTokenCount: 0,
    readTokenCount: 0,
    writtenTokenCount: 0,
    cost: 0,
  });
  let bill = empty();

  function answer(body: Record<string, unknown>): { status: number; body: object } {
    const blocks = rules.protocol === 'anthropic' ? anthropicBlocks(body) : openaiBlocks(body);
    const problem = rules.protocol === 'anthropic' ? faultOf(blocks) : null;
    if (problem !== null) {
      return {
        status: 400,
        body: { type: 'error', error: { type: 'invalid_request_error', message: problem } },
      };
    }
    const total = blocks.at(-1)?.tokenCount ?? 0;
    const { read, short, long } = serve(blocks, provider.now, entries, rules);
    bill.requestCount += 1;
    bill.promptTokenCount += total;
    bill.readTokenCount += read;
    bill.writtenTokenCount += short + long;
    bill.cost +=
      read * rules.readRate +
      short * rules.writeRate +
      long * rules.longWriteRate +
      total -
      read -
      short -
      long;
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
    takeBill() {
      const taken = bill;
      bill = empty();
      return taken;
    },
    forget: () => {
      entries.clear();
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

/** At most four marks, the longer lifetime first: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
function faultOf(blocks: readonly Block[]): string | null {
  const marks = blocks.filter(({ mark }) => mark !== null);
  if (marks.length > 4)
    return `A maximum of 4 blocks with cache_control may be provided. Found ${marks.length}.`;
  const firstShort = marks.findIndex(({ mark }) => mark === 'short');
  const isMixed = firstShort >= 0 && marks.slice(firstShort).some(({ mark }) => mark === 'long');
  return isMixed ? 'a ttl=1h cache_control block must not come after a ttl=5m cache_control block' : null;
}

/**
 * Reads look back from each mark over at most 20 positions, itself counted, for what earlier requests wrote; writes are
 * made at marks behind what was read, nowhere else. Of OpenAI's (GPT-5.6 and later) the latest 80 breakpoints are looked
 * at, those that earlier turns had among them, and the end of the prompt is a mark unless the request forbids it.
 */
function serve(
  blocks: readonly Block[],
  now: number,
  entries: Map<string, Entry>,
  rules: ProviderRules,
): { read: number; short: number; long: number } {
  const isOpenai = rules.protocol === 'openai';
  const marks = blocks.filter(({ mark }) => mark !== null);
  let read = 0;
  const used = new Set<Entry>();
  const starts = isOpenai
    ? blocks.filter(({ mark, isTurnEnd }) => mark !== null || isTurnEnd).slice(-80)
    : marks;
  for (const start of starts) {
    const found = blocks.findLast(
      ({ key, position, tokenCount }) =>
        tokenCount <= start.tokenCount &&
        (isOpenai ? key === start.key : start.position - position < 20) &&
        (entries.get(key)?.until ?? -1) > now,
    );
    const entry = found === undefined ? undefined : entries.get(found.key);
    if (found === undefined || entry === undefined) continue;
    used.add(entry);
    read = Math.max(read, found.tokenCount);
  }
  for (const entry of used) entry.until = now + entry.lifetimeMs;
  const made = marks.filter(({ tokenCount }) => tokenCount > read && tokenCount >= rules.minimumTokenCount);
  for (const { key, mark } of made.slice(-4)) {
    const lifetimeMs = isOpenai ? openaiMs : mark === 'long' ? longMs : shortMs;
    entries.set(key, { lifetimeMs, until: now + lifetimeMs });
  }
  const end = made.at(-1)?.tokenCount ?? read;
  const longEnd = made.findLast(({ mark }) => mark === 'long')?.tokenCount ?? read;
  return { read, short: end - longEnd, long: longEnd - read };
}

/** Words, signs and spaces of their own: not the planner's estimate. */
function tokensOf(text: string): number {
  let count = 0;
  for (const word of text.match(/\w+|[^\w\s]/g) ?? []) count += Math.ceil(word.length / 5);
  return count;
}

type Json = Record<string, unknown>;

function createBlocks(): { add(content: unknown, run: string, isTurnEnd: boolean): void; list: Block[] } {
  const list: Block[] = [];
  const hash = createHash('sha256');
  let tokenCount = 0;
  let position = 0;
  let lastRun = '';
  return {
    list,
    add(content, run, isTurnEnd) {
      const { cache_control: control, prompt_cache_breakpoint: breakpoint, ...rest } = content as Json;
      const said = JSON.stringify(rest);
      hash.update(said).update('\n');
      tokenCount += tokensOf(said);
      if (run === '' || run !== lastRun) position += 1;
      lastRun = run;
      const mark =
        control === undefined && breakpoint === undefined
          ? null
          : (control as Json | undefined)?.['ttl'] === '1h'
            ? 'long'
            : 'short';
      list.push({ key: hash.copy().digest('hex'), tokenCount, position, mark, isTurnEnd });
    },
  };
}

function contentOf(content: unknown): readonly Json[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : ((content ?? []) as Json[]);
}

function anthropicBlocks(body: Json): readonly Block[] {
  const blocks = createBlocks();
  for (const tool of (body['tools'] ?? []) as Json[]) blocks.add(tool, '', false);
  for (const part of contentOf(body['system'] ?? [])) blocks.add({ ...part, place: 'system' }, '', false);
  for (const message of (body['messages'] ?? []) as Json[]) {
    for (const part of contentOf(message['content'])) {
      const type = String(part['type']);
      blocks.add({ ...part, role: message['role'] }, type.startsWith('tool_') ? type : '', false);
    }
  }
  return blocks.list;
}

function openaiBlocks(body: Json): readonly Block[] {
  const blocks = createBlocks();
  for (const tool of (body['tools'] ?? []) as Json[]) blocks.add(tool, '', false);
  for (const message of (body['messages'] ?? []) as Json[]) {
    const { content, role, ...rest } = message;
    const parts = contentOf(content);
    const isTurn = role === 'user' || role === 'tool';
    for (const [index, part] of parts.entries()) {
      blocks.add({ ...part, role, ...rest }, '', isTurn && index === parts.length - 1);
    }
    if (parts.length === 0) blocks.add({ role, ...rest }, '', false);
  }
  const options = (body['prompt_cache_options'] ?? {}) as Json;
  const last = blocks.list.pop();
  if (last !== undefined) {
    const isMarked = options['mode'] !== 'explicit' || last.mark !== null;
    blocks.list.push({ ...last, mark: isMarked ? 'short' : null });
  }
  return blocks.list;
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

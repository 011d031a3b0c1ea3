import { createHash } from 'node:crypto';

/** What a provider bills for prompts by the documented rules of its cache. Shares no code with the planner. */

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

/** What was billed of one prompt, in the provider's own tokens. */
export interface BilledPrompt {
  readonly total: number;
  readonly read: number;
  readonly short: number;
  readonly long: number;
}

/** A provider's cache, and what was billed so far. Time goes by `at`, milliseconds. */
export interface CacheBilling {
  /** Bills since the last call. */
  takeBill(): Bill;
  /** @returns what is wrong with the marks, where something is */
  ask(body: Record<string, unknown>, at: number): BilledPrompt | string;
  forget(): void;
}

export function createCacheBilling(rules: ProviderRules): CacheBilling {
  const entries = new Map<string, Entry>();
  let bill = emptyBill();
  return {
    takeBill() {
      const taken = bill;
      bill = emptyBill();
      return taken;
    },
    ask(body, at) {
      const blocks = rules.protocol === 'anthropic' ? anthropicBlocks(body) : openaiBlocks(body);
      const problem = rules.protocol === 'anthropic' ? faultOf(blocks) : null;
      if (problem !== null) return problem;
      const total = blocks.at(-1)?.tokenCount ?? 0;
      const { read, short, long } = serve(blocks, at, entries, rules);
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
      return { total, read, short, long };
    },
    forget: () => {
      entries.clear();
    },
  };
}

function emptyBill(): Bill {
  return { requestCount: 0, promptTokenCount: 0, readTokenCount: 0, writtenTokenCount: 0, cost: 0 };
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

export type Json = Record<string, unknown>;

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

export function contentOf(content: unknown): readonly Json[] {
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

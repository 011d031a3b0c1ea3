import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import {
  convertLitellmPrices,
  isLitellmTable,
  type ConvertedPrices,
  type LeftOutPrice,
} from './litellm-prices.ts';
import { builtInLists, createPriceTable, newestLists, type PriceList, type PriceTable } from './prices.ts';

/** A table of prices as a file: the one that `nearfar prices update` takes, and the one that it writes. */

const price = z.number().min(0).max(1_000_000);
const tokens = z.number().int().min(1).max(100_000_000);
const share = z.number().min(0).max(1);
const text = z.string().min(1).max(1000);

const prices = {
  input: price,
  output: price,
  cacheRead: price.optional(),
  cacheWrite: price.optional(),
  cacheWriteLong: price.optional(),
};

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected HH:MM');

const offPeakSchema = z.strictObject({
  price: z.strictObject(prices),
  windows: z
    .array(z.strictObject({ days: z.array(z.number().int().min(1).max(7)).min(1), from: time, to: time }))
    .min(1)
    .max(100),
});

const modelSchema = z.strictObject({
  ...prices,
  long: z.strictObject({ above: tokens, price: z.strictObject(prices).nullable() }).optional(),
  contextTokenCount: tokens.optional(),
  maxTokenCount: tokens.optional(),
  offPeak: offPeakSchema.optional(),
  until: z.iso.date().optional(),
  source: text.optional(),
  batchDiscount: share.optional(),
});

const modelsSchema = z.record(z.string().min(1).max(200), modelSchema);

const listSchema = z.strictObject({
  host: z.string().regex(/^[a-z0-9.-]{1,253}$/, 'expected the name of a host'),
  date: z.iso.date(),
  source: text,
  batchDiscount: share.optional(),
  models: modelsSchema,
});

const fileSchema = z.strictObject({
  format: z.literal(1),
  currency: z.literal('USD'),
  unit: z.literal('a million tokens'),
  /** Of the newest list. */
  date: z.iso.date(),
  lists: z
    .array(listSchema)
    .min(1)
    .max(1000)
    .refine((lists) => new Set(lists.map(({ host }) => host)).size === lists.length, {
      message: 'two lists are of the same host',
    }),
});

/**
 * @param where what the text was read from, for the error
 * @throws NearfarError `invalid_request` naming the first things that are wrong
 */
export function parsePriceFile(content: string, where: string): readonly PriceList[] {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw new NearfarError('invalid_request', `${where} is no JSON.`);
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data.lists;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  const more = parsed.error.issues.length - problems.length;
  if (more > 0) problems.push(`and ${more} more`);
  throw new NearfarError('invalid_request', `${where} is no table of prices: ${problems.join('; ')}.`);
}

/** Where a table that was taken lies. */
export function priceFilePath(home: string): string {
  return join(home, 'prices.json');
}

/**
 * The prices that hold: for each provider the newer of what came with this version and what was taken since.
 * @throws NearfarError `invalid_request` where the file that was taken is damaged
 */
export async function loadPriceTable(home: string): Promise<PriceTable> {
  return createPriceTable(newestLists(builtInLists, await takenLists(home)));
}

async function takenLists(home: string): Promise<readonly PriceList[]> {
  const path = priceFilePath(home);
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw new NearfarError('invalid_request', `${path} cannot be read.`, { cause: thrown });
  }
  try {
    return parsePriceFile(content, path);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new NearfarError(
      'invalid_request',
      `${reason} Delete it to use the prices that came with nearfar, or take others: nearfar prices update FILE.`,
      { cause: thrown },
    );
  }
}

/**
 * The same of a table in LiteLLM's form too.
 * @param date the day for which it was read, where it tells none itself
 * @throws as `parsePriceFile` does
 */
export function readPriceFile(content: string, where: string, date: string): ConvertedPrices {
  const json = jsonOf(content);
  if (!isLitellmTable(json)) return { lists: parsePriceFile(content, where), leftOut: [] };
  const converted = convertLitellmPrices(json, { date, source: where });
  // What is written must be read again.
  const { lists, leftOut } = readable(converted);
  if (lists.length === 0)
    throw new NearfarError('invalid_request', `${where} has no prices of providers that are known here.`);
  const file = { format: 1, currency: 'USD', unit: 'a million tokens', date, lists };
  return { leftOut, lists: parsePriceFile(JSON.stringify(file), where) };
}

/** Without entries that this file has no place for: one that is odd must not keep the others from being taken. */
function readable({ lists, leftOut }: ConvertedPrices): ConvertedPrices {
  const odd: LeftOutPrice[] = [];
  const fits = ([model, listed]: readonly [string, unknown]): boolean => {
    const parsed = modelsSchema.safeParse({ [model]: listed });
    if (parsed.success) return true;
    const [issue] = parsed.error.issues;
    const why = `${(issue?.path.slice(1) ?? []).join('.')}: ${issue?.message ?? ''}`;
    odd.push({ name: model, why, isOfKnownProvider: true });
    return false;
  };
  const kept = lists.map((list) => ({
    ...list,
    models: Object.fromEntries(Object.entries(list.models).filter(fits)),
  }));
  return {
    lists: kept.filter(({ models }) => Object.keys(models).length > 0),
    leftOut: [...leftOut, ...odd],
  };
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

export interface PriceUpdate {
  readonly path: string;
  /** Entries of the file that are in no list, and why. */
  readonly leftOut: readonly LeftOutPrice[];
  /** Lists that are newer than those that held, or of other hosts. */
  readonly takenLists: readonly PriceList[];
}

/**
 * Takes newer lists, the whole file or nothing of it. Lists of hosts that are not in it stay. The owner's own prices
 * stand in the settings and are not touched.
 * @param date the day for which a table was read that tells none itself
 * @throws NearfarError `invalid_request` where it is malformed or one of its lists is older than the one that holds
 */
export async function takePrices(
  home: string,
  content: string,
  where: string,
  date = new Date().toISOString().slice(0, 10),
): Promise<PriceUpdate> {
  const { lists: offered, leftOut } = readPriceFile(content, where, date);
  const held = newestLists(builtInLists, await takenLists(home).catch(() => []));
  const dates = new Map(held.map((list) => [list.host, list.date]));
  const older = offered.filter(({ host, date }) => date < (dates.get(host) ?? ''));
  if (older.length > 0) {
    const words = older.map(({ host, date }) => `${host}: ${date}, here ${dates.get(host) ?? ''}`);
    throw new NearfarError(
      'invalid_request',
      `${where} is older than what is here (${words.join('; ')}); nothing was taken.${
        leftOut.length > 0 ? ' Where its own date is wrong, --date says of which day it is.' : ''
      }`,
    );
  }
  const taken = offered.filter(({ host, date }) => date > (dates.get(host) ?? ''));
  const path = priceFilePath(home);
  if (taken.length > 0) {
    const lists = newestLists(held, offered);
    const date = lists.map((list) => list.date).reduce((one, other) => (one > other ? one : other));
    const file = { format: 1, currency: 'USD', unit: 'a million tokens', date, lists };
    await writeWhole(path, `${JSON.stringify(file, null, 2)}\n`);
  }
  return { path, takenLists: taken, leftOut };
}

/** Readers see the old file or the new one, never a part. */
async function writeWhole(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.${randomUUID()}`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (thrown) {
    await rm(partial, { force: true });
    throw thrown;
  }
}

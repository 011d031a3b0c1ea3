import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import { bodyOf, type ForgetFilter } from '../capture/forget.ts';
import type { LoadedSettings } from '../config/load.ts';
import { openExisting } from './captured.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { isNearfar } from './gateway-connection.ts';
import { gatewayUrl } from './gateway-url.ts';
import { openLedger } from './open-ledger.ts';
import { persistently } from './persistently.ts';
import { readAge } from './period.ts';
import { requestIdOf } from '../chat/answer-id.ts';
import { adminSecret } from './secrets.ts';
import { commandSettings } from './settings.ts';

export const forget: Command = {
  name: 'forget',
  usage: '[options] [REQUEST...]',
  description: [
    'Removes texts: kept prompts and answers (capture), stored responses of /v1/responses, answers that the running gateway',
    'would give again, and, with --all while no gateway runs, saved prefixes of prompts on disk. It says what it removed',
    'and what is left. Rows of the ledger hold no text and stay. What is said goes together: --key team --older-than 7d is what is both.',
  ].join('\n'),
  options: {
    key: { type: 'string', placeholder: 'NAME', description: 'What was asked with this key' },
    tenant: { type: 'string', placeholder: 'NAME', description: 'What was asked for this tenant' },
    'older-than': { type: 'string', placeholder: 'AGE', description: 'What is older: 30d, 12h' },
    all: { type: 'boolean', description: 'Everything' },
    ...jsonOption,
  },
  examples: [
    'nearfar forget req_0123 req_4567',
    'nearfar forget --key team',
    'nearfar forget --older-than 30d',
    'nearfar forget --all',
  ],
  run,
};

interface Forgotten {
  readonly exchangeCount: number;
  /** Of /v1/responses. */
  readonly responseCount: number;
  /** Answers that gateways share in PostgreSQL. */
  readonly sharedCount: number;
  /** Of the gateway at `address`; null: none answers there. */
  readonly answerCount: number | null;
  readonly address: string;
  /** Bytes of prefixes on disk that went. */
  readonly prefixBytes: number;
  /** What may still hold text, in sentences. */
  readonly left: readonly string[];
}

async function run(input: CommandInput): Promise<number> {
  const filter = readFilter(input);
  const loaded = await commandSettings(input.options);
  const url = gatewayUrl(loaded.settings.host, loaded.settings.port);
  const isRunning = loaded.settings.port !== 0 && (await isNearfar(url));
  const forgotten = await forgetTexts(loaded, filter, url, isRunning);
  process.stdout.write(
    input.options.flag('json') ? `${JSON.stringify(jsonOf(forgotten))}\n` : wordsOf(forgotten),
  );
  return 0;
}

function readFilter({ words, options }: CommandInput): ForgetFilter {
  const [keyName, tenant, age] = [options.text('key'), options.text('tenant'), options.text('older-than')];
  const some = {
    ...(words.length === 0 ? {} : { requestIds: words.map(requestIdOf) }),
    ...(keyName === undefined ? {} : { keyName }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(age === undefined ? {} : { before: Date.now() - readAge('older-than', age) }),
  };
  const isSome = Object.keys(some).length > 0;
  if (options.flag('all')) {
    if (isSome) throw new UsageError('expected --all alone: it is everything');
    return { all: true };
  }
  if (!isSome)
    throw new UsageError('expected what to forget: REQUEST..., --key, --tenant, --older-than or --all');
  if (words.length > 1000) throw new UsageError('expected at most 1000 requests at once');
  return some;
}

async function forgetTexts(
  loaded: LoadedSettings,
  filter: ForgetFilter,
  address: string,
  isRunning: boolean,
): Promise<Forgotten> {
  // First the gateway, so that what it still writes meanwhile is removed below.
  const answerCount = isRunning ? await askGateway(loaded, address, filter) : null;
  const store = await openExisting(loaded);
  let exchangeCount = 0;
  try {
    if (store !== null)
      exchangeCount = await persistently(() => store.remove(filter.all === true ? {} : filter));
  } finally {
    await store?.close();
  }
  const { responseCount, sharedCount } = await removeFromState(loaded, filter);
  const prefixes = path.join(loaded.home, 'kv');
  const mayRemove = filter.all === true && !isRunning;
  const prefixBytes = mayRemove ? await removeFolder(prefixes) : 0;
  const left = leftOver(loaded, filter, isRunning);
  return { exchangeCount, responseCount, sharedCount, answerCount, address, prefixBytes, left };
}

async function removeFromState(
  loaded: LoadedSettings,
  filter: ForgetFilter,
): Promise<Pick<Forgotten, 'responseCount' | 'sharedCount'>> {
  const ledger = await openLedger(loaded);
  if (ledger === null) return { responseCount: 0, sharedCount: 0 };
  try {
    const { forgetResponses } = await import('./forget-responses.ts');
    const { forgetSharedAnswers } = await import('./forget-shared-answers.ts');
    const responseCount = await forgetResponses(ledger.store, filter);
    return { responseCount, sharedCount: await forgetSharedAnswers(ledger.store, filter) };
  } finally {
    await ledger.store.close();
  }
}

async function askGateway(loaded: LoadedSettings, url: string, filter: ForgetFilter): Promise<number> {
  const secret = await adminSecret(loaded);
  const response = await fetch(`${url}/forget`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    },
    body: JSON.stringify(bodyOf(filter)),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    const said = (await response.text()).slice(0, 300);
    throw new NearfarError(
      'unavailable',
      `The gateway at ${url} did not forget (${response.status}): ${said} Nothing was removed. Its key needs the scope admin.`,
    );
  }
  return z.object({ answers: z.number() }).parse(await response.json()).answers;
}

async function removeFolder(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size),
  );
  await rm(folder, { recursive: true, force: true });
  return sizes.reduce((sum, size) => sum + size, 0);
}

function leftOver({ home }: LoadedSettings, filter: ForgetFilter, isRunning: boolean): readonly string[] {
  const left: string[] = [];
  const prefixes = path.join(home, 'kv');
  if (isRunning)
    left.push(
      'prefixes of prompts in the memory of the gateway: they end with it, and are of one tenant each',
    );
  if (existsSync(prefixes))
    left.push(
      filter.all === true
        ? `prefixes of prompts in ${prefixes}, sealed: stop the gateway and forget again`
        : `prefixes of prompts in ${prefixes}, sealed, which do not know their request: --all removes them while no gateway runs`,
    );
  const history = path.join(home, 'chat-history');
  if (existsSync(history)) left.push(`what was typed in nearfar chat: ${history}`);
  return left;
}

function wordsOf({
  exchangeCount,
  responseCount,
  sharedCount,
  answerCount,
  address,
  prefixBytes,
  left,
}: Forgotten): string {
  return [
    `Removed ${exchangeCount} kept prompt${exchangeCount === 1 ? '' : 's'} with ${exchangeCount === 1 ? 'its answer' : 'their answers'}.`,
    ...(responseCount === 0
      ? []
      : [`Removed ${responseCount} stored response${responseCount === 1 ? '' : 's'} of /v1/responses.`]),
    ...(sharedCount === 0
      ? []
      : [`Removed ${sharedCount} answer${sharedCount === 1 ? '' : 's'} that gateways shared in PostgreSQL.`]),
    answerCount === null
      ? `No gateway runs at ${address}, so none had answers to forget. One that runs elsewhere is found with --set port=N.`
      : `The gateway forgot ${answerCount} answer${answerCount === 1 ? '' : 's'} that it would have given again.`,
    ...(prefixBytes === 0 ? [] : [`Removed ${prefixBytes} bytes of saved prefixes.`]),
    ...left.map((what) => `Left: ${what}.`),
    '',
  ].join('\n');
}

function jsonOf(forgotten: Forgotten): object {
  const { exchangeCount, responseCount, sharedCount, answerCount, prefixBytes, left } = forgotten;
  return {
    exchanges: exchangeCount,
    responses: responseCount,
    shared_answers: sharedCount,
    answers: answerCount,
    prefix_bytes: prefixBytes,
    left,
  };
}

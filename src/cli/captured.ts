import { existsSync } from 'node:fs';
import process from 'node:process';
import type { CapturedFilter, CapturedStore, CapturedSummary } from '../capture/captured-store.ts';
import type { CapturedExchange } from '../capture/exchange.ts';
import type { LoadedSettings } from '../config/load.ts';
import { jsonOption, UsageError, type Command, type CommandInput, type OptionValues } from './command.ts';
import { exchangeText } from './exchange-text.ts';
import { capturedFile } from './open-capture.ts';
import { readPeriod } from './period.ts';
import { formatBytes } from './progress.ts';
import { requestIdOf } from '../chat/answer-id.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

export const captured: Command = {
  name: 'captured',
  usage: '[options] | show ID | export [options]',
  description: [
    'Prompts and answers that were kept: a list, one of them as text, or all of them as JSON Lines on standard output.',
    'Nothing is kept unless the setting capture says so: sample or all. What is marked local_only never is, and secrets',
    'are replaced. Works while the gateway runs.',
  ].join('\n'),
  options: {
    since: {
      type: 'string',
      placeholder: 'TIME',
      description: 'From then on: 2026-11-25, 7d, 24h, today, all (all)',
    },
    until: { type: 'string', placeholder: 'TIME', description: 'Up to then' },
    key: { type: 'string', placeholder: 'NAME', description: 'Asked with this key' },
    tenant: { type: 'string', placeholder: 'NAME', description: 'Asked for this tenant' },
    model: { type: 'string', placeholder: 'ID', description: 'Answered by this model' },
    limit: { type: 'string', placeholder: 'N', description: 'Most rows of the list, newest first (20)' },
    ...jsonOption,
  },
  examples: [
    'nearfar captured --since today',
    'nearfar captured show req_0123',
    'nearfar captured export --since 7d --model openai/gpt-6-sol > exchanges.jsonl',
  ],
  run,
};

async function run(input: CommandInput): Promise<number> {
  const [verb, id, ...rest] = input.words;
  const loaded = await commandSettings(input.options);
  const isRight =
    verb === undefined ||
    (verb === 'show' && id !== undefined && rest.length === 0) ||
    (verb === 'export' && id === undefined);
  if (!isRight) throw new UsageError('expected nothing, show ID or export');
  const limit = input.options.number('limit', { min: 1, max: 1_000_000 }) ?? 20;
  const filter = readFilter(input.options);
  const store = await openExisting(loaded);
  if (store === null) {
    process.stderr.write(`${nothingKept(loaded)}\n`);
    if (verb === undefined && input.options.flag('json')) process.stdout.write('[]\n');
    return verb === 'show' ? 1 : 0;
  }
  try {
    if (verb === 'show') return await show(store, requestIdOf(id ?? ''), loaded, input.options.flag('json'));
    if (verb === 'export') return await exportLines(store, filter);
    return await list(store, filter, limit, loaded, input.options.flag('json'));
  } finally {
    await store.close();
  }
}

/** Null where nothing was ever kept: no file is made. */
export async function openExisting(loaded: LoadedSettings): Promise<CapturedStore | null> {
  const file = capturedFile(loaded);
  if (!existsSync(file)) return null;
  const { openCapturedStore } = await import('../capture/captured-store.ts');
  return openCapturedStore(file);
}

/** For commands that need text and find none. */
export function nothingKept({ settings }: Pick<LoadedSettings, 'settings'>): string {
  return settings.capture === 'off'
    ? 'No prompt or answer is kept: the setting capture is off. nearfar serve --set capture=all keeps them from then on, those marked local_only excepted.'
    : `No prompt or answer is kept yet (capture: ${settings.capture}).`;
}

function readFilter(options: OptionValues): CapturedFilter {
  const period = readPeriod(options.text('since'), options.text('until'), Date.now(), 'all');
  const [keyName, tenant, model] = [options.text('key'), options.text('tenant'), options.text('model')];
  return {
    from: period.from,
    before: period.to,
    ...(keyName === undefined ? {} : { keyName }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(model === undefined ? {} : { model }),
  };
}

async function list(
  store: CapturedStore,
  filter: CapturedFilter,
  limit: number,
  loaded: LoadedSettings,
  asJson: boolean,
): Promise<number> {
  const rows = await store.list(filter, limit);
  if (asJson) {
    process.stdout.write(`${JSON.stringify(rows.map(shownHead), null, 2)}\n`);
    return 0;
  }
  const { exchangeCount, byteCount } = await store.totals();
  if (exchangeCount === 0) {
    process.stdout.write(`${nothingKept(loaded)}\n`);
    return 0;
  }
  const header = ['TIME (UTC)', 'REQUEST', 'KEY', 'ASKED FOR', 'ANSWERED BY', 'SIZE', 'END'];
  const table = rows.map((row) => [
    new Date(row.startedAt).toISOString().slice(0, 19).replace('T', ' '),
    row.requestId,
    row.keyName ?? '-',
    row.requestedModel ?? '-',
    row.answerSource === 'model'
      ? (row.answeringModel ?? '-')
      : `${row.answeringModel ?? '-'} (${row.answerSource})`,
    formatBytes(row.byteCount),
    row.status < 400 ? row.finish : `${row.finish} (${row.status})`,
  ]);
  process.stdout.write(
    `${renderTable(header, table)}\n${rows.length} shown of ${exchangeCount} kept, ${formatBytes(byteCount)}, in ${capturedFile(loaded)}. One of them: nearfar captured show REQUEST\n`,
  );
  return 0;
}

async function show(
  store: CapturedStore,
  requestId: string,
  loaded: LoadedSettings,
  asJson: boolean,
): Promise<number> {
  for await (const exchange of store.read({ requestIds: [requestId] })) {
    process.stdout.write(asJson ? `${JSON.stringify(shown(exchange), null, 2)}\n` : exchangeText(exchange));
    return 0;
  }
  const why = loaded.settings.capture === 'all' ? '' : ` (capture: ${loaded.settings.capture})`;
  process.stderr.write(`Of the request ${requestId} no text is kept${why}.\n`);
  return 1;
}

async function exportLines(store: CapturedStore, filter: CapturedFilter): Promise<number> {
  for await (const exchange of store.read(filter)) {
    if (process.stdout.write(`${JSON.stringify(shown(exchange))}\n`)) continue;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  return 0;
}

function shown({ prompt, answer, comment, ...head }: CapturedExchange): object {
  return { ...shownHead(head), prompt, answer, ...(comment === undefined ? {} : { comment }) };
}

/** Names as programs that read JSON Lines have them. */
function shownHead(head: Omit<CapturedSummary, 'byteCount'> & { readonly byteCount?: number }): object {
  return {
    request_id: head.requestId,
    time: new Date(head.startedAt).toISOString(),
    key: head.keyName,
    tenant: head.tenant,
    dialect: head.dialect,
    operation: head.operation,
    requested_model: head.requestedModel,
    answering_model: head.answeringModel,
    upstream: head.upstream,
    answer_source: head.answerSource,
    status: head.status,
    finish: head.finish,
    ...(head.byteCount === undefined ? {} : { bytes: head.byteCount }),
  };
}

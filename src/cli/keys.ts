import process from 'node:process';
import type { VirtualKey } from '../access/key-store.ts';
import type { Scope } from '../access/access.ts';
import { keyModes, type KeyMode } from '../privacy/verdict.ts';
import type { BudgetUsage } from '../ledger/budget-book.ts';
import { UsageError, jsonOption, type Command, type CommandInput, type OptionValues } from './command.ts';
import { openKeyRooms, type KeyRooms } from './key-rooms.ts';
import { reconcile } from './reconcile.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

const scopes: readonly Scope[] = ['use', 'admin', 'voice'];

export const keys: Command = {
  name: 'keys',
  usage: 'create NAME [options] | list | revoke NAME | reconcile',
  description: [
    'Makes, lists and revokes keys for those who may ask, each with the models, the rates and the money that it has.',
    'create prints the key once; only a hash of it is kept. revoke holds at once, for running gateways too.',
    'reconcile settles money that requests of gateways which are gone still hold (it counts as spent until then).',
    'From the first key on nobody is answered without one.',
  ].join('\n'),
  options: {
    tenant: {
      type: 'string',
      placeholder: 'TENANT',
      description: 'create: keys of one tenant share caches (the name of the key)',
    },
    scope: {
      type: 'string',
      multiple: true,
      placeholder: 'SCOPE',
      description: 'create: use, admin or voice; again for more (use)',
    },
    model: {
      type: 'string',
      multiple: true,
      placeholder: 'PATTERN',
      description: 'create: a model that it may ask, * for anything; again for more (all)',
    },
    rpm: { type: 'string', placeholder: 'N', description: 'create: requests a minute' },
    tpm: { type: 'string', placeholder: 'N', description: 'create: tokens a minute' },
    'per-day': { type: 'string', placeholder: 'USD', description: 'create: US dollars a day' },
    'per-month': { type: 'string', placeholder: 'USD', description: 'create: US dollars a month' },
    expires: {
      type: 'string',
      placeholder: 'WHEN',
      description: 'create: a date (2027-01-31, also with a time), or 12h, 30d from now',
    },
    'local-only': {
      type: 'boolean',
      description: 'create: nothing of its requests leaves your boundary',
    },
    privacy: {
      type: 'string',
      placeholder: 'MODE',
      description: 'create: open lets out what detectors find; auto, local, redact, block (as privacy.mode)',
    },
    all: { type: 'boolean', description: 'list: revoked keys too' },
    release: {
      type: 'boolean',
      description: 'reconcile: give the money back instead of counting it as spent',
    },
    ...jsonOption,
  },
  examples: [
    'nearfar keys create ana --model near --model "openai/*" --rpm 60 --per-day 2 --per-month 20',
    'nearfar keys list',
    'nearfar keys revoke ana',
  ],
  run,
};

/** What each verb takes beside what all of them take. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  create: [
    'tenant',
    'scope',
    'model',
    'rpm',
    'tpm',
    'per-day',
    'per-month',
    'expires',
    'local-only',
    'privacy',
  ],
  list: ['all'],
  revoke: [],
  reconcile: ['release'],
};

async function run(input: CommandInput): Promise<number> {
  const [verb = 'list', name, ...rest] = input.words;
  const own = Object.hasOwn(optionsOf, verb) ? optionsOf[verb] : undefined;
  if (own === undefined) throw new UsageError('expected create, list, revoke or reconcile');
  const wantsName = verb === 'create' || verb === 'revoke';
  if (rest.length > 0 || wantsName !== (name !== undefined)) {
    throw new UsageError(wantsName ? `expected: ${verb} NAME` : `expected nothing behind ${verb}`);
  }
  for (const other of Object.values(optionsOf).flat()) {
    if (!own.includes(other) && isGiven(input.options, other)) {
      throw new UsageError(`--${other} means nothing to ${verb}`);
    }
  }
  const wanted = verb === 'create' ? wantedKey(name ?? '', input.options) : null;
  const loaded = await commandSettings(input.options);
  if (wanted !== null && loaded.settings.keys.some((key) => key.name === wanted.name)) {
    throw new UsageError(`a key of the settings is called "${wanted.name}"`);
  }
  const rooms = await openKeyRooms(loaded);
  const asJson = input.options.flag('json');
  try {
    if (wanted !== null) return await create(rooms, wanted, asJson);
    if (verb === 'revoke') return await revoke(rooms, name ?? '', asJson);
    if (verb === 'reconcile') return await reconcile(rooms, input.options.flag('release'), asJson);
    return await list(rooms, input.options.flag('all'), asJson);
  } finally {
    await rooms.close();
  }
}

function isGiven(options: OptionValues, name: string): boolean {
  return options.text(name) !== undefined || options.flag(name) || options.list(name).length > 0;
}

type Wanted = Parameters<KeyRooms['keys']['create']>[0];

function wantedKey(name: string, options: OptionValues): Wanted {
  if (!/^[A-Za-z0-9][\w.@-]{0,99}$/.test(name) || name === 'local' || name === 'none') {
    throw new UsageError(
      `${JSON.stringify(name)}: expected a name of letters, digits and _ . @ -, beginning with a letter or digit, not local or none`,
    );
  }
  const stated = options.list('scope');
  const unknown = stated.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) throw new UsageError(`--scope: expected use, admin or voice, got ${unknown}`);
  const models = options.list('model');
  if (models.includes('')) throw new UsageError('--model: expected a name or a pattern');
  return {
    name,
    tenant: options.text('tenant') ?? name,
    scopes: stated.length === 0 ? ['use'] : scopes.filter((scope) => stated.includes(scope)),
    limits: {
      models: models.length === 0 ? null : models,
      requestsPerMinute: wholeNumber(options, 'rpm'),
      tokensPerMinute: wholeNumber(options, 'tpm'),
      dayMicros: money(options, 'per-day'),
      monthMicros: money(options, 'per-month'),
      isLocalOnly: options.flag('local-only'),
      privacyMode: privacyMode(options.text('privacy')),
    },
    expiresAt: expiry(options.text('expires'), Date.now()),
  };
}

function privacyMode(text: string | undefined): KeyMode | null {
  if (text === undefined) return null;
  const mode = keyModes.find((one) => one === text);
  if (mode === undefined) throw new UsageError(`--privacy: expected ${keyModes.join(', ')}, got ${text}`);
  return mode;
}

function wholeNumber(options: OptionValues, name: string): number | null {
  const value = options.number(name, { min: 1, max: 1e12 });
  if (value === undefined) return null;
  if (!Number.isInteger(value)) throw new UsageError(`--${name}: expected a whole number, got ${value}`);
  return value;
}

function money(options: OptionValues, name: string): number | null {
  const dollars = options.number(name, { min: 0, max: 1e9 });
  return dollars === undefined ? null : Math.round(dollars * 1_000_000);
}

/** @throws UsageError where it is no time or one that has passed */
function expiry(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const span = /^(\d{1,5})([hd])$/.exec(text);
  if (span !== null) return now + Number(span[1]) * (span[2] === 'h' ? 3_600_000 : 86_400_000);
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(date) || date <= now) {
    throw new UsageError(`--expires: expected a date to come such as 2027-01-31, or 12h or 30d, got ${text}`);
  }
  return date;
}

async function create({ keys: store, settings }: KeyRooms, wanted: Wanted, asJson: boolean): Promise<number> {
  const isFirst = settings.keys.length === 0 && !settings.requireKeys && (await store.list()).length === 0;
  const { key, secret } = await store.create(wanted);
  if (asJson) {
    print(JSON.stringify({ ...described(key), key: secret }, null, 2));
    return 0;
  }
  print(secret);
  process.stderr.write(
    `This is the key "${key.name}". It is shown this once; a lost one is revoked and made anew under its name.\n` +
      (isFirst ? 'From now on nobody is answered without a key, on this machine too.\n' : ''),
  );
  return 0;
}

async function revoke({ keys: store }: KeyRooms, name: string, asJson: boolean): Promise<number> {
  const key = await store.revoke(name);
  print(asJson ? JSON.stringify(described(key), null, 2) : `Revoked ${name}.`);
  return 0;
}

async function list({ keys: store, budgets }: KeyRooms, showsAll: boolean, asJson: boolean): Promise<number> {
  const now = Date.now();
  const all = await store.list();
  const shown = all.filter((key) => showsAll || key.revokedAt === null);
  const entries = await Promise.all(
    shown.map(async (key) => ({ key, usage: await budgets.usage(key.name, now) })),
  );
  if (asJson) {
    print(
      JSON.stringify(
        entries.map(({ key, usage }) => ({ ...described(key), usage })),
        null,
        2,
      ),
    );
    return 0;
  }
  if (entries.length === 0) {
    print(
      all.length === 0 ? 'No key was made yet. Make one: nearfar keys create NAME' : 'All keys are revoked.',
    );
    return 0;
  }
  const header = ['KEY', 'TENANT', 'MODELS', 'RPM', 'TPM', 'DAY', 'MONTH', 'STATE'];
  print(
    renderTable(
      header,
      entries.map(({ key, usage }) => rowOf(key, usage, now)),
    ),
  );
  return 0;
}

function rowOf(key: VirtualKey, usage: BudgetUsage, now: number): readonly string[] {
  const { limits } = key;
  return [
    key.name,
    key.tenant,
    `${limits.models?.join(' ') ?? '*'}${limits.isLocalOnly ? ' (local only)' : ''}${privacyNote(limits)}`,
    limits.requestsPerMinute === null ? '-' : String(limits.requestsPerMinute),
    limits.tokensPerMinute === null ? '-' : String(limits.tokensPerMinute),
    spending(usage.dayMicros, usage.reservedDayMicros, limits.dayMicros),
    spending(usage.monthMicros, usage.reservedMonthMicros, limits.monthMicros),
    stateOf(key, now),
  ];
}

/** `$0.12 + $0.05 held of $2.00` */
function spending(spent: number, reserved: number, limit: number | null): string {
  const held = reserved === 0 ? '' : ` + ${short(reserved)} held`;
  return `${short(spent)}${held}${limit === null ? '' : ` of ${short(limit)}`}`;
}

function short(micros: number): string {
  const amount = micros / 1_000_000;
  return `$${amount.toFixed(amount !== 0 && amount < 0.1 ? 4 : 2)}`;
}

function stateOf({ revokedAt, expiresAt }: VirtualKey, now: number): string {
  if (revokedAt !== null) return `revoked ${day(revokedAt)}`;
  if (expiresAt === null) return 'valid';
  return expiresAt <= now ? `expired ${day(expiresAt)}` : `valid to ${day(expiresAt)}`;
}

function day(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}

/** For machines: everything but the hash. */
/** An exception is to be seen by whoever looks at the keys. */
function privacyNote({ privacyMode }: VirtualKey['limits']): string {
  return privacyMode === undefined || privacyMode === null ? '' : ` (privacy: ${privacyMode})`;
}

function described(key: VirtualKey): object {
  const { secretHash: _, createdAt, expiresAt, revokedAt, ...rest } = key;
  const time = (moment: number | null) => (moment === null ? null : new Date(moment).toISOString());
  return { ...rest, createdAt: time(createdAt), expiresAt: time(expiresAt), revokedAt: time(revokedAt) };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

import type { ListedModelPrice, ListPrice, OffPeak, PriceList } from './prices.ts';

/** LiteLLM's table of prices, https://github.com/BerriAI/litellm (MIT), in the form of this one. Pure. */

/** Where it is kept up to date. */
export const litellmPricesUrl =
  'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json';

export interface ConvertedPrices {
  readonly lists: readonly PriceList[];
  /** Entries of the table that are in no list. */
  readonly leftOut: readonly LeftOutPrice[];
}

export interface LeftOutPrice {
  readonly name: string;
  readonly why: string;
  /** It is a provider's whose other models were taken. */
  readonly isOfKnownProvider: boolean;
}

/** Providers by LiteLLM's names, and the host that their prices hold for. */
const hosts: Readonly<Record<string, string>> = {
  openai: 'api.openai.com',
  anthropic: 'api.anthropic.com',
  gemini: 'generativelanguage.googleapis.com',
  mistral: 'api.mistral.ai',
  deepseek: 'api.deepseek.com',
  groq: 'api.groq.com',
  xai: 'api.x.ai',
  together_ai: 'api.together.xyz',
  openrouter: 'openrouter.ai',
  fireworks_ai: 'api.fireworks.ai',
  deepinfra: 'api.deepinfra.com',
  cerebras: 'api.cerebras.ai',
  moonshot: 'api.moonshot.ai',
};
/** Their models are also listed without the provider's name in front. */
const bareProviders: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini', 'deepseek']);

/** What is billed by the token. */
const modes: ReadonlySet<unknown> = new Set(['chat', 'completion', 'responses', 'embedding', undefined]);

type Entry = Readonly<Record<string, unknown>>;

/** Whether it is that table, and not one of nearfar's own form. */
export function isLitellmTable(json: unknown): json is Readonly<Record<string, unknown>> {
  if (!isObject(json) || 'format' in json) return false;
  return Object.values(json).some(
    (entry) => isObject(entry) && typeof entry['litellm_provider'] === 'string',
  );
}

/**
 * Prices for a token become prices for a million. Only what can be billed as it is listed is taken: an entry with prices that
 * this table has no place for is left out, for a wrong price is worse than none. Prices of nothing are left out as well, since
 * there they often stand for what nobody knew.
 * @param about the day for which the table was read, and where it was
 */
export function convertLitellmPrices(
  json: Readonly<Record<string, unknown>>,
  about: { readonly date: string; readonly source: string },
): ConvertedPrices {
  const leftOut: LeftOutPrice[] = [];
  const byHost = new Map<string, Map<string, ListedModelPrice>>();
  for (const [name, entry] of Object.entries(json)) {
    if (name === 'sample_spec' || !isObject(entry)) continue;
    const provider = textOf(entry['litellm_provider']) ?? '';
    const host = Object.hasOwn(hosts, provider) ? hosts[provider] : undefined;
    const model = host === undefined ? null : modelName(name, provider);
    const converted = convertEntry(entry);
    if (typeof converted === 'string' || host === undefined || model === null) {
      const why = host === undefined ? whyUnknown(entry, provider) : whyNot(converted, provider);
      leftOut.push({ name, why, isOfKnownProvider: host !== undefined });
      continue;
    }
    const list = byHost.get(host) ?? new Map<string, ListedModelPrice>();
    byHost.set(host, list);
    // With the provider's name in front it is the provider's own; without it the same, or an older copy.
    if (name !== model || !list.has(model)) list.set(model, converted);
  }
  const source = `LiteLLM's table (MIT): ${about.source}`;
  const lists = [...byHost].map(([host, models]) => ({
    ...{ host, date: about.date, source },
    models: Object.fromEntries(models),
  }));
  return { lists, leftOut };
}

function whyUnknown(entry: Entry, provider: string): string {
  if (typeof entry['alias_of'] === 'string') return 'another name for an entry';
  return provider === '' ? 'names no provider' : `no address is known of ${provider}`;
}

function whyNot(converted: ListedModelPrice | string, provider: string): string {
  return typeof converted === 'string' ? converted : `no model of ${provider} has such a name`;
}

/** Null: not a name that can be asked for there. */
function modelName(name: string, provider: string): string | null {
  if (name.startsWith(`${provider}/`)) return name.slice(provider.length + 1);
  return bareProviders.has(provider) && !name.includes('/') ? name : null;
}

/** Or why not. */
function convertEntry(entry: Entry): ListedModelPrice | string {
  const { mode } = entry;
  if (!modes.has(mode)) return `${String(mode)} is not billed by the token alone`;
  const price = priceOf(entry, '', mode === 'embedding');
  if (price === null) return 'has no prices of input and output tokens';
  if (price.input === 0 && price.output === 0) return 'costs nothing by it, or nobody knew';
  const thoughts = perMillion(entry['output_cost_per_reasoning_token']);
  if (thoughts !== null && thoughts !== price.output) return 'has another price for what is thought';
  const unplaced = ['tiered_pricing', 'input_cost_per_request'].find((field) => entry[field] !== undefined);
  if (unplaced !== undefined) return `has a price of a kind that is not known here (${unplaced})`;
  const offPeak = offPeakOf(entry['off_peak_pricing'], price);
  if (offPeak === null) return 'has prices by the hour that are not understood';
  const batchDiscount = batchDiscountOf(entry, price);
  const contextTokenCount = countOf(entry['max_input_tokens'] ?? entry['max_tokens']);
  const maxTokenCount = countOf(entry['max_output_tokens']);
  const source = textOf(entry['source']);
  return {
    ...price,
    ...longOf(entry, price),
    ...(offPeak === undefined ? {} : { offPeak }),
    ...(contextTokenCount === null ? {} : { contextTokenCount }),
    ...(maxTokenCount === null ? {} : { maxTokenCount }),
    ...(batchDiscount === null ? {} : { batchDiscount }),
    ...(source === null ? {} : { source: `${source}, by LiteLLM's table` }),
  };
}

/** @param suffix of the fields' names, e.g. `_above_272k_tokens` */
function priceOf(entry: Entry, suffix: string, isInputOnly = false): ListPrice | null {
  const input = perMillion(entry[`input_cost_per_token${suffix}`]);
  const output = perMillion(entry[`output_cost_per_token${suffix}`]) ?? (isInputOnly ? 0 : null);
  if (input === null || output === null) return null;
  const cacheRead = perMillion(entry[`cache_read_input_token_cost${suffix}`]);
  const cacheWrite = perMillion(entry[`cache_creation_input_token_cost${suffix}`]);
  const cacheWriteLong = perMillion(entry[`cache_creation_input_token_cost_above_1hr${suffix}`]);
  return {
    input,
    output,
    ...(cacheRead === null ? {} : { cacheRead }),
    // 0 stands for providers that bill no writing: it costs what reading anew does.
    ...(cacheWrite === null || cacheWrite === 0 ? {} : { cacheWrite }),
    ...(cacheWriteLong === null || cacheWriteLong === 0 ? {} : { cacheWriteLong }),
  };
}

const longField = /^(?:input|output)_cost_per_token_above_(\d+)k_tokens$/;

/** What long prompts cost. Of several bounds only the first is known here: behind it nothing is. */
function longOf(entry: Entry, base: ListPrice): Pick<ListedModelPrice, 'long'> {
  const bounds = new Set(Object.keys(entry).flatMap((field) => longField.exec(field)?.[1] ?? []));
  if (bounds.size === 0) return {};
  const first = Math.min(...[...bounds].map(Number));
  const suffix = `_above_${first}k_tokens`;
  const whole = {
    ...entry,
    [`input_cost_per_token${suffix}`]: entry[`input_cost_per_token${suffix}`] ?? base.input / million,
    [`output_cost_per_token${suffix}`]: entry[`output_cost_per_token${suffix}`] ?? base.output / million,
  };
  return { long: { above: first * 1000, price: bounds.size === 1 ? priceOf(whole, suffix) : null } };
}

/** Null: not the same for input and output, or there are no batches. */
function batchDiscountOf(entry: Entry, { input, output }: ListPrice): number | null {
  const cheaper = priceOf(entry, '_batches');
  if (cheaper === null || input === 0 || output === 0) return null;
  const [ofInput, ofOutput] = [1 - cheaper.input / input, 1 - cheaper.output / output];
  const isOne = Math.abs(ofInput - ofOutput) < 0.01 && ofInput > 0 && ofInput < 1;
  return isOne ? Math.round(ofInput * 1000) / 1000 : null;
}

/** Undefined: one price holds at all hours; null: not understood. */
function offPeakOf(told: unknown, base: ListPrice): OffPeak | null | undefined {
  if (told === undefined) return undefined;
  if (!isObject(told) || !Array.isArray(told['windows'])) return null;
  if (told['weekday_timezone'] !== undefined && told['weekday_timezone'] !== 'UTC') return null;
  const price = priceOf(told, '');
  const windows = (told['windows'] as readonly unknown[]).map(windowsOf);
  if (price === null || windows.includes(null)) return null;
  const isCheaper =
    price.input <= base.input &&
    price.output <= base.output &&
    (price.cacheRead ?? price.input) <= (base.cacheRead ?? base.input);
  const all = windows.flatMap((some) => some ?? []);
  return isCheaper && all.length > 0 ? { price, windows: all } : null;
}

function windowsOf(window: unknown): OffPeak['windows'] | null {
  if (!isObject(window)) return null;
  const { hours_utc: hours, weekdays } = window;
  const days: readonly unknown[] = Array.isArray(weekdays) ? weekdays : [1, 2, 3, 4, 5, 6, 7];
  const spans = [hours].flat().map((span) => hourSpan.exec(String(span)));
  if (!days.every((day) => Number.isInteger(day) && Number(day) >= 1 && Number(day) <= 7)) return null;
  return spans.includes(null)
    ? null
    : spans.flatMap((span) => {
        const [, from = '', end = ''] = span ?? [];
        const to = end === '00:00' ? '24:00' : end;
        const onDays = days.map(Number);
        if (from < to) return [{ days: onDays, from, to }];
        // Past midnight it is the next day.
        return [
          { days: onDays, from, to: '24:00' },
          { days: onDays.map((day) => (day % 7) + 1), from: '00:00', to },
        ];
      });
}

const hourSpan = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

const million = 1_000_000;

/** Dollars for a token to dollars for a million, without the noise of 1.5e-7's binary form. Null: not told, or no price. */
function perMillion(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 1) return null;
  return Math.round(value * 1e12) / 1e6;
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 100_000_000
    ? value
    : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 500 ? value : null;
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

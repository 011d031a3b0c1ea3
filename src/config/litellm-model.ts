type Fields = Readonly<Record<string, unknown>>;

/** A model of an upstream, with what LiteLLM's file says of its prices and bounds. Pure. */
export function modelEntry(name: string, params: Fields, info: Fields): string | object {
  const cost = (field: string): number | undefined => {
    const value = params[field] ?? info[field];
    // Rounded to millionths of a dollar a million tokens: 1.5e-7 is no exact number.
    return typeof value === 'number' ? Math.round(value * 1e12) / 1e6 : undefined;
  };
  const input = cost('input_cost_per_token');
  const output = cost('output_cost_per_token');
  const others = Object.entries({
    cacheRead: cost('cache_read_input_token_cost'),
    cacheWrite: cost('cache_creation_input_token_cost'),
    cacheWriteLong: cost('cache_creation_input_token_cost_above_1hr'),
  }).filter(([, price]) => price !== undefined);
  const contextTokenCount = numberOf(info['max_input_tokens']);
  const maxTokenCount = numberOf(info['max_output_tokens']);
  const entry = {
    name,
    ...(contextTokenCount === null ? {} : { contextTokenCount }),
    ...(maxTokenCount === null ? {} : { maxTokenCount }),
    ...(input === undefined || output === undefined
      ? {}
      : { price: { input, output, ...Object.fromEntries(others) } }),
  };
  return Object.keys(entry).length === 1 ? name : entry;
}

/** A whole number above 0, or null. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
}

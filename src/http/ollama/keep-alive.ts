import { z } from 'zod';

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/**
 * Ollama's `keep_alive` as seconds: a number of seconds or a Go duration such as `5m` or `1h30m`; negative = for ever,
 * which comes out as -1. Null where it is neither.
 */
export function keepAliveSeconds(value: string | number): number | null {
  if (typeof value === 'number') return value < 0 ? -1 : value;
  const text = value.trim();
  if (/^-?\d+$/.test(text)) return keepAliveSeconds(Number(text));
  const match = /^(-?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match?.[2] === undefined) return null;
  if (match[1] === '-') return -1;
  let seconds = 0;
  for (const [, amount, unit] of match[2].matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? 0);
  }
  return seconds;
}

export const keepAliveField = z
  .union([z.string(), z.number()])
  .refine((value) => keepAliveSeconds(value) !== null, 'expected seconds or a duration such as 5m')
  .nullable()
  .optional()
  .meta({
    description:
      'How long the model stays loaded after the answer: seconds or 5m, 1h30m; -1 for ever; 0 not.',
  });

import type { ZodType } from 'zod';

/**
 * One line of JSON lines, or what is wrong with it.
 * @param expected what a line should be, e.g. `{"id", "text"}`
 */
export function readJsonLine<Line extends object>(
  text: string,
  schema: ZodType<Line>,
  expected: string,
): Line | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'expected a JSON object';
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.join('.') ?? '';
  return `${field === '' ? '' : `${field}: `}${issue?.message ?? `expected ${expected}`}`;
}

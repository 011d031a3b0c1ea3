/** What replaces a secret. */
export const redacted = '[redacted]';

/** Field names whose values are never shown, whatever they are. */
const secretField =
  /^(authorization|cookie|set-cookie|password|secret|.*[-_]?api[-_]?key|.*[-_]secret|.*[-_]token|token)$/i;

/** Shapes of keys that people use: bearer values, `sk-…`, Hugging Face, GitHub, AWS, and passwords in URLs. */
const secretShapes: readonly RegExp[] = [
  /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi,
  /\bsk-[\w-]{8,}/g,
  /\bhf_\w{8,}/g,
  /\bgh[pousr]_\w{16,}/g,
  /\bAKIA[0-9A-Z]{12,}/g,
  /(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/g,
];

export type Redact = (value: unknown) => unknown;

/**
 * Makes a function that copies a value with secrets replaced: those given, those that look like one, and whatever
 * stands in a field with a secret's name. Errors become their message and cause; depth and length are bounded.
 */
export function createRedact(secrets: Iterable<string> = []): Redact {
  // Short ones would tear holes into ordinary words.
  const known = [...secrets]
    .filter((secret) => secret.length >= 6)
    .sort((one, other) => other.length - one.length);

  const inText = (text: string): string => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, redacted);
    for (const shape of secretShapes) clean = clean.replace(shape, redacted);
    return clean.length > longestText ? `${clean.slice(0, longestText)}...` : clean;
  };
  const inValue = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return inText(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null)
      return typeof value === 'function' ? '[function]' : value;
    if (depth >= deepest) return '[deeper]';
    if (value instanceof Error) {
      const cause = value.cause === undefined ? {} : { cause: inValue(value.cause, depth + 1) };
      return { name: value.name, message: inText(value.message), ...cause };
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return value.slice(0, longestList).map((item) => inValue(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        secretField.test(key) ? redacted : inValue(item, depth + 1),
      ]),
    );
  };
  return (value) => inValue(value, 0);
}

const deepest = 5;
const longestList = 50;
const longestText = 4000;

/** What replaces a secret. */
export const redacted = '[redacted]';

/** Field names whose values are never shown, whatever they are. */
const secretField =
  /^(authorization|cookie|set-cookie|password|secret|.*[-_]?api[-_]?key|.*[-_]secret|.*[-_]token|token)$/i;

/**
 * Shapes of secrets that people use: bearer values, `sk-…`, Hugging Face, GitHub, AWS, Google, Slack, signed tokens, private
 * keys, nearfar's own keys, and passwords in URLs. Each takes time by the length of a text, whatever stands in it: clients
 * write the texts.
 */
const secretShapes: readonly RegExp[] = [
  /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi,
  /\bsk-[\w-]{8,}/g,
  /\bhf_\w{8,}/g,
  /\bgh[pousr]_\w{16,}/g,
  /\bAKIA[0-9A-Z]{12,}/g,
  /\bAIza[\w-]{20,}/g,
  /\bxox[abeoprs]-[\w-]{8,}/g,
  /\bnf-[0-9a-f]{16}-[\w-]{20,}/g,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----)[^]){1,20000}-----END [A-Z ]{0,40}PRIVATE KEY-----/g,
  /(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/g,
];

export type Redact = (value: unknown) => unknown;

/** A text with those secrets replaced that are given and those that look like one; whole otherwise. */
function createRedactText(secrets: Iterable<string>): (text: string) => string {
  // Short ones would tear holes into ordinary words.
  const known = [...secrets]
    .filter((secret) => secret.length >= 6)
    .sort((one, other) => other.length - one.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, redacted);
    for (const shape of secretShapes) clean = clean.replace(shape, redacted);
    return clean;
  };
}

/**
 * Makes a function that copies a value with secrets replaced: those given, those that look like one, and whatever
 * stands in a field with a secret's name. Errors become their message and cause; depth and length are bounded.
 */
export function createRedact(secrets: Iterable<string> = []): Redact {
  const whole = createRedactText(secrets);
  const inText = (text: string): string => {
    const clean = whole(text);
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

/**
 * The same for values of JSON that are kept whole: texts of any length and depth, and the JSON in the arguments of tool
 * calls. Of fields with a secret's name only texts are replaced, for a schema may describe such a field.
 */
export function createRedactWhole(secrets: Iterable<string> = []): Redact {
  const inText = createRedactText(secrets);
  const inField = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return inValue(value);
    if (secretField.test(key)) return redacted;
    return key === 'arguments' ? inArguments(value) : inText(value);
  };
  const inValue = (value: unknown): unknown => {
    if (typeof value === 'string') return inText(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(inValue);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [inText(key), inField(key, item)]));
  };
  const inArguments = (text: string): string => {
    try {
      return JSON.stringify(inValue(JSON.parse(text)));
    } catch {
      return inText(text);
    }
  };
  return inValue;
}

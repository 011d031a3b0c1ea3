const hour = '([01][0-9]|2[0-3])';
const sixty = '[0-5][0-9]';
const time = `${hour}:${sixty}:${sixty}(\\.[0-9]{1,6})?(Z|[+-]${hour}:${sixty})`;
const leapYear = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const date =
  '([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))' +
  `|${leapYear}-02-29)`;
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const group = '[0-9a-fA-F]{1,4}';
const number = '[0-9]{1,6}';
const dateDuration = `(${number}Y(${number}M)?(${number}D)?|${number}M(${number}D)?|${number}D)`;
const timeDuration = `T(${number}H(${number}M)?(${number}S)?|${number}M(${number}S)?|${number}S)`;
const urlCharacter = "[A-Za-z0-9._~!$&'()*+,;=:@-]";
/** "::" stands for as many groups as are missing (RFC 4291). */
function compressedIpv6(): string {
  const options = [`(${group}:){7}${group}`, `(${group}:){1,7}:`, `:(:${group}){1,7}`];
  for (let right = 1; right <= 6; right++) options.push(`(${group}:){1,${7 - right}}(:${group}){${right}}`);
  return options.join('|');
}

/**
 * Names on the net. With `isCounted` their parts are bounded, so that they end where nothing else bounds them; counting
 * multiplies the states of a pattern, which a bound on the whole would multiply again.
 */
function netPatterns(isCounted: boolean): Readonly<Record<string, string>> {
  const many = (least: number, most: number): string => (isCounted ? `{${least},${most}}` : `{${least},}`);
  const label = `[a-z0-9]([a-z0-9-]${many(0, 30)}[a-z0-9])?`;
  const atom = `[A-Za-z0-9_+-]${many(1, 32)}`;
  const hostname = `${label}(\\.${label})${many(0, 4)}`;
  const email = `${atom}(\\.${atom})${many(0, 2)}@(${label}\\.)${many(1, 3)}[a-z]${many(2, 12)}`;
  const url =
    `https?://${hostname}(:[1-9][0-9]{0,3})?(/${urlCharacter}*)*` +
    `(\\?(${urlCharacter}|[/?])*)?(#(${urlCharacter}|[/?])*)?`;
  return {
    hostname,
    'idn-hostname': hostname,
    email,
    'idn-email': email,
    uri: url,
    url,
    iri: url,
    'uri-reference': `(${url}|(/${urlCharacter}+)+)`,
  };
}

/**
 * `format` as patterns for whole strings. Where a standard allows more than people use (an e-mail address may hold
 * quotes, a minute a leap second), they allow less: what comes out is always valid.
 */
const otherPatterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}T${time}`,
  duration: `P(${dateDuration}(${timeDuration})?|${timeDuration}|${number}W)`,
  ipv4: `(${octet}\\.){3}${octet}`,
  ipv6: compressedIpv6(),
  uuid: '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}',
  'json-pointer': '(/([^/~]|~[01])*)*',
  byte: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
};

function anchored(isCounted: boolean): ReadonlyMap<string, string> {
  const all = Object.entries({ ...otherPatterns, ...netPatterns(isCounted) });
  return new Map(all.map(([name, pattern]) => [name, `^(?:${pattern})$`]));
}

/** By the name of the format. */
export const stringFormats = anchored(true);
/** The same for strings that a `maxLength` of at most 63 bounds, the longest label of a host name (RFC 1035). */
export const shortStringFormats = anchored(false);
export const shortLength = 63;

/** OpenAPI's formats of numbers, and labels that say nothing about the text. */
export const numberFormats: ReadonlySet<string> = new Set(['int32', 'int64', 'float', 'double']);
export const labelFormats: ReadonlySet<string> = new Set(['password', 'binary', 'markdown', 'textarea']);

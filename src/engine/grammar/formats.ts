const hour = '([01][0-9]|2[0-3])';
const sixty = '[0-5][0-9]';
const time = `${hour}:${sixty}:${sixty}(\\.[0-9]{1,6})?(Z|[+-]${hour}:${sixty})`;
const leapYear = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const date =
  '([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))' +
  `|${leapYear}-02-29)`;
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const group = '[0-9a-fA-F]{1,4}';
const label = '[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?';
const atom = '[A-Za-z0-9_+-]{1,32}';
const number = '[0-9]{1,6}';
const dateDuration = `(${number}Y(${number}M)?(${number}D)?|${number}M(${number}D)?|${number}D)`;
const timeDuration = `T(${number}H(${number}M)?(${number}S)?|${number}M(${number}S)?|${number}S)`;
const urlCharacter = "[A-Za-z0-9._~!$&'()*+,;=:@-]";
const url =
  `https?://${label}(\\.${label}){0,4}(:[1-9][0-9]{0,3})?(/${urlCharacter}*)*` +
  `(\\?(${urlCharacter}|[/?])*)?(#(${urlCharacter}|[/?])*)?`;

/** "::" stands for as many groups as are missing (RFC 4291). */
function compressedIpv6(): string {
  const options = [`(${group}:){7}${group}`, `(${group}:){1,7}:`, `:(:${group}){1,7}`];
  for (let right = 1; right <= 6; right++) options.push(`(${group}:){1,${7 - right}}(:${group}){${right}}`);
  return options.join('|');
}

/**
 * `format` as patterns for whole strings. Where a standard allows more than people use (an e-mail address may hold
 * quotes, a year may have a leap second), they allow less: what comes out is always valid.
 */
const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}T${time}`,
  duration: `P(${dateDuration}(${timeDuration})?|${timeDuration}|${number}W)`,
  email: `${atom}(\\.${atom}){0,2}@(${label}\\.){1,3}[a-z]{2,12}`,
  hostname: `${label}(\\.${label}){0,4}`,
  ipv4: `(${octet}\\.){3}${octet}`,
  ipv6: compressedIpv6(),
  uuid: '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}',
  uri: url,
  url,
  'uri-reference': `(${url}|(/${urlCharacter}+)+)`,
  iri: url,
  'idn-email': `${atom}(\\.${atom}){0,2}@(${label}\\.){1,3}[a-z]{2,12}`,
  'idn-hostname': `${label}(\\.${label}){0,4}`,
  'json-pointer': '(/([^/~]|~[01])*)*',
  byte: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
};

export const stringFormats: ReadonlyMap<string, string> = new Map(
  Object.entries(patterns).map(([name, pattern]) => [name, `^(?:${pattern})$`]),
);

/** OpenAPI's formats of numbers, and labels that say nothing about the text. */
export const numberFormats: ReadonlySet<string> = new Set(['int32', 'int64', 'float', 'double']);
export const labelFormats: ReadonlySet<string> = new Set(['password', 'binary', 'markdown', 'textarea']);

import { kindOf, matchesOf, valueIn, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Keys and tokens by the form that their issuers document. */
const formats: readonly (readonly [string, RegExp])[] = [
  ['private_key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,8192}?(?:-----END|$)/g],
  ['aws_key_id', /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g],
  ['github', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})\b/g],
  ['gitlab', /\bgl(?:pat|ptt|dt|rt|cbt|agent|soat)-[\w-]{20,}/g],
  ['slack', /\bxox[abposre]-[A-Za-z0-9-]{10,}|https:\/\/hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,}/g],
  ['stripe', /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}/g],
  ['anthropic', /\bsk-ant-[\w-]{20,}/g],
  ['openai', /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}/g],
  ['google_api', /\bAIza[\w-]{35}/g],
  ['google_oauth', /\b(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})/g],
  ['hugging_face', /\bhf_[A-Za-z0-9]{30,}/g],
  ['npm', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['pypi', /\bpypi-[\w-]{50,}/g],
  ['sendgrid', /\bSG\.[\w-]{16,}\.[\w-]{16,}/g],
  ['twilio', /\b(?:AC|SK)[0-9a-f]{32}\b/g],
  ['telegram', /\b\d{8,10}:AA[\w-]{33}\b/g],
  ['discord', /\b[MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,}/g],
  ['azure', /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,}/gi],
  ['nearfar', /\bnf-[A-Za-z0-9_-]{24,}/g],
  ['groq', /\bgsk_[A-Za-z0-9]{30,}/g],
  ['digitalocean', /\bdo[opr]_v1_[0-9a-f]{40,}/g],
  ['shopify', /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}/g],
  ['square', /\bsq0(?:atp|csp|idp)-[\w-]{22,}/g],
  ['new_relic', /\bNRA[KA]-[A-Z0-9]{24,}/g],
  ['vault', /\bhv[sbr]\.[\w-]{20,}/g],
  ['databricks', /\bdapi[0-9a-f]{32}/g],
  ['atlassian', /\bATATT3[\w=-]{40,}/g],
  ['linear', /\blin_(?:api|oauth)_[A-Za-z0-9]{32,}/g],
  ['notion', /\b(?:ntn_|secret_)[A-Za-z0-9]{40,}/g],
  ['grafana', /\bgl(?:sa|c)_[A-Za-z0-9_+/=]{32,}/g],
  ['postman', /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}/g],
  ['figma', /\bfigd_[\w-]{36,}/g],
  ['replicate', /\br8_[A-Za-z0-9]{36,}/g],
  ['perplexity', /\bpplx-[A-Za-z0-9]{40,}/g],
  ['xai', /\bxai-[A-Za-z0-9]{60,}/g],
  ['docker', /\bdckr_(?:pat|oat)_[\w-]{24,}/g],
  ['mailgun', /\bkey-[0-9a-f]{32}\b/g],
  ['azure_sas', /[?&]sig=[A-Za-z0-9%+/]{30,}(?:=|%3D)?/g],
  ['jwt', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g],
  ['url_password', /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,64}:[^\s/@]{1,128}@[\w.-]+/gi],
  ['authorization', /\bauthorization:\s*(?:bearer|basic|token)\s+[\w.~+/=-]{8,}/gi],
];

/** A name of a secret, something like `is` or `=`, and a word that no one would say. */
const named =
  /(?<![\p{L}\p{N}])((?:api[ _-]?key|secret(?:[ _-]?(?:key|token))?|access[ _-]?(?:key|token)|auth[ _-]?token|token|password|passwort|passwd|passphrase|passcode|pwd|pin(?: code)?|credentials?|contraseña|mot de passe|client[ _-]?secret))(?:\s+(?:for|to|of|on)\s+[^\n=:"']{1,40}?)?["'`]?\s*(?:=>|[:=]|\bis(?: now)?\b|\bwas\b|\bto\b|\bas\b|\s)\s*(?:set to\s+|changed to\s+|still\s+)?(["'`“«]?)([^\s"'`”»]{4,256})\2/giu;

/** Behind an address or a name, as in lists of what leaked. */
const pairedPattern = /[\w.+-]+@[\w.-]+\.\w{2,}\s*[/:|,;]\s*([^\s/:|,;]{6,64})/g;

/** Shannon entropy in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** A letter, a digit and a sign, or both cases with one of these: no word of any language. */
function isMixed(value: string): boolean {
  const text = value.replace(/[.,;:!?)'"]+$/, '');
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\p{N}.-]/u].filter((kind) => kind.test(text)).length;
  return kinds >= 3;
}

/** Kinds of characters that a person mixes into a password: three of them, or a digit inside a word. */
function looksChosen(value: string): boolean {
  const text = value.replace(/[.,;:!?)]+$/, '');
  if (
    text.length < 4 ||
    /^(?:<.*>|\{+.*\}+|\$\w+|\*+|x+|\.+|null|none|undefined|true|false|string)$/i.test(text)
  )
    return false;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(text)).length;
  if (kinds >= 3) return true;
  if (/\d/.test(text) && /\p{L}/u.test(text) && text.length >= 6) return true;
  return text.length >= 16 && entropyOf(text) >= 3.5;
}

/** Long words of random characters with no name beside them: letters, digits, no dictionary could make them. */
const random = /(?<![\w/+.=-])[A-Za-z0-9+/_-]{32,256}={0,2}(?![\w/+=-])/g;
/** Keys of products: groups of capitals and digits that no word has. */
const licenseKey = /(?<![A-Z0-9-])[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){3,7}(?![A-Z0-9-])/g;
const minimumRandomEntropy = 4.2;

function looksRandom(text: string): boolean {
  if (!/\d/.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text)) return false;
  if (/^[0-9a-f-]+$/i.test(text)) return false;
  // Paths and names in code have words in them; random characters change their kind all the time.
  const changes = text.match(/[a-z][A-Z0-9]|[A-Z][a-z0-9]|[0-9][A-Za-z]/g)?.length ?? 0;
  return entropyOf(text) >= minimumRandomEntropy && changes / text.length > 0.3;
}

function isNamed([, name, quote, value = '']: RegExpExecArray): boolean {
  if (/^pin/i.test(name ?? '')) return /^\d{4,8}\W*$/.test(value);
  return looksChosen(value) || (quote !== '' && value.length >= 6 && /[\d\W]/.test(value));
}

const kinds = {
  formats: formats.map(([name, pattern]) => kindOf('secret', `secret.${name}`, pattern)),
  paired: kindOf('secret', 'secret.paired', pairedPattern),
  named: kindOf('secret', 'secret.named', named),
  licenseKey: kindOf('secret', 'secret.license_key', licenseKey),
  random: kindOf('secret', 'secret.entropy', random),
} as const;
/** The shortest format that has no name before it, in characters without a space. */
const shortestFormat = 20;
/** What the others have in them. */
const shortFormats = /:\/\/|-----begin|authorization:|xox/i;

/** Keys, tokens, passwords: by format, by name, by entropy. */
export const secret: Detector = {
  name: 'secret',
  find(text, facts = new TextFacts(text)) {
    const formatted = kinds.formats.filter((kind) => facts.mayMatch(kind));
    const isFormat = formatted.length > 0 && (facts.longestWord >= shortestFormat || shortFormats.test(text));
    return [
      ...(isFormat ? formatted.flatMap((kind) => matchesOf(facts, kind)) : []),
      ...matchesOf(facts, kinds.paired, ([, value = '']) => isMixed(value)),
      ...matchesOf(facts, kinds.named, isNamed).map(valueIn(text)),
      ...(facts.longestWord >= 19
        ? matchesOf(
            facts,
            kinds.licenseKey,
            ([one]) => (one.match(/\d/g)?.length ?? 0) >= 3 && (one.match(/[A-Z]/g)?.length ?? 0) >= 3,
          )
        : []),
      ...(facts.longestWord >= 32 ? matchesOf(facts, kinds.random, ([one]) => looksRandom(one)) : []),
    ];
  },
};

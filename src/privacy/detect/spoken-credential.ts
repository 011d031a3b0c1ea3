import {
  kindOf,
  matchesOf,
  placesWithin,
  runsOf,
  shifted,
  windowsAt,
  type Detector,
  type Span,
  type Window,
} from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Credentials that people say in a sentence: plain words as passwords, codes, PINs, combinations, phrases of wallets, and what connects. */

const whose = "(?:my|our|his|her|their|your|the|this|[\\p{L}]+['’]s)";
const kind =
  '(?:password|passwd|passcode|pass phrase|passphrase|pass ?word|pwd|passwort|mot de passe|contraseña|login code|access code|entry code|door code|gate code|alarm code|unlock code|security code|verification code|backup code|recovery code|one-?time (?:code|password)|otp|2fa code|mfa code|pin(?: code| number)?|cvv|cvc|secret answer|security answer|(?:safe|lock|locker|padlock|vault) (?:combination|code)|combination (?:to|of|for) (?:my|our|the) (?:safe|lock|locker|vault))';
/** What is said of passwords in general. */
const said =
  '(?!(?:not|no|never|always|required|requested|wrong|right|correct|incorrect|invalid|valid|missing|empty|blank|null|too|very|so|weak|strong|secure|insecure|safe|unsafe|good|bad|bcrypt|hashed|encrypted|salted|stored|sent|saved|shared|protected|reset|expired|expiring|changed|set|used|needed|displayed|hidden|visible|unknown|known|forgotten|lost|stolen|compromised|leaked|case|long|short|longer|shorter|at|in|on|of|or|and|to|for|by|from|with|without|within|only|also|still|now|then|that|this|these|those|it|its|they|he|she|we|you|i|what|which|who|how|when|where|why|if|a|an|the|my|our|your|his|her|their|some|any|one|being|been|going|getting|about|because|like|as|than|more|less|made|generated|entered|typed|checked|validated|verified|accepted|rejected|denied|allowed|given|provided|supplied|passed|kept|more|most|important|unique|different|same|default|difficult|easy|hard|simple|complex|limited|optional|mandatory|optionally|supposed|meant|based|typically|usually|often|commonly|generally|simply|just)\\b)';
const value = `${said}["'“‘\`]?(?<value>[^\\s"'”’\`,;]{3,64})`;

const patterns: readonly (readonly [string, RegExp, (value: string) => boolean])[] = [
  [
    'spoken',
    new RegExp(
      `\\b${whose} (?:[\\p{L}\\p{N}-]+ ){0,3}?${kind}(?: (?:for|to|of|on|at) [^.?!\\n:=]{1,48}?)? ?(?:is|was|=|:|will be) (?:now |currently |still |set to |just )?${value}`,
      'giu',
    ),
    (text) => /[\d\W_]/.test(text.replace(/[.!?]+$/, '')) || text.replace(/\W/g, '').length >= 5,
  ],
  [
    // Nobody's by word, but a value that no one would say stands behind it.
    'labelled',
    new RegExp(
      `\\b${kind}(?: (?:for|to|of|on|at) [^.?!\\n:=]{1,48}?)? ?(?:is|was|:|=)(?: now| currently| still)? ?${value}`,
      'giu',
    ),
    (text) =>
      text.length >= 6 && (/\p{L}.*\d|\d.*\p{L}/u.test(text) || /[^\p{L}\p{N}.'’-].*\p{L}/u.test(text)),
  ],
  [
    'keyed',
    /\b(?:this|the|my|our|following|encryption|decryption|signing|license) (?:key|token|secret)(?: is|:| =) ?["'`]?(?<value>(?=\S*\d)[\w+/=-]{12,})/giu,
    () => true,
  ],
  [
    'code_to',
    /\b(?:code|combination|pin) (?:to|for|of) (?:the|my|our) [\p{L} ]{2,24} (?:is|:) ?(?<value>\d[\d -]{2,12}\d)/giu,
    () => true,
  ],
  [
    'place_password',
    /\b(?:wi-?fi|admin|root|netflix|login|server|router|database|e-?mail|vpn|account|laptop|guest) password (?:is|was) (?:now )?(?!too\b|not\b|always\b|required\b|wrong\b|incorrect\b|weak\b|strong\b|invalid\b|stored\b|hashed\b|the\b|an?\b|secure\b|safe\b|long\b|short\b|needed\b|missing\b|empty\b|expired\b|correct\b|hidden\b|unknown\b|case\b|set\b|reset\b|changed\b|asked\b|encrypted\b)["'“]?(?<value>\p{L}{4,32})["'”]?(?=[.!?,;]|$|\n)/giu,
    () => true,
  ],
  [
    'network_pair',
    /\bwi-?fi\b[^.?!\n]{0,40}? (?:is|:) ?[^\s/]{3,32} ?(?:\/|,| and) ?(?<value>(?=\S*\d)\S{6,64})/giu,
    () => true,
  ],
  [
    'used',
    new RegExp(
      `\\b(?:log(?:ged)? ?in|sign(?:ed)? ?in|connect|authenticate|unlock|use|using|try|enter)\\b[^.?!\\n]{0,48}?\\b(?:with|as|using|and)? ?(?:the )?(?:password|passcode|pin|pwd|access code|credentials?) ${value}`,
      'giu',
    ),
    (text) => /\d/.test(text) || /\p{Ll}\p{Lu}|[^\p{L}\p{N}.,]\p{L}/u.test(text),
  ],
  [
    'pair',
    /\b(?:user(?: ?name)?|login|account|id)s?\s*(?:is|:|=)\s*["'“]?[^\s"'”,;]{2,64}["'”]?[\s,;/&]+(?:and )?(?:the )?(?:pass(?:word|code|phrase)?|pwd|pin)\s*(?:is|:|=)\s*["'“]?(?<value>[^\s"'”,;]{3,64})/giu,
    () => true,
  ],
  [
    'listed',
    /\b(?:credentials?|creds?|logins?|login details|access details)(?: (?:for|to) [^.?!\n:=]{1,48}?)?(?: are| is|:|=) ?["'“]?(?<value>[^\s:/"'”]{2,64}(?::| ?\/ ?| and )[^\s"'”,;]{3,64})/giu,
    (text) => /[:/]|\d/.test(text),
  ],
  [
    'side_by_side',
    /\b(?:user(?: ?name)?|login|account)\s+[\w.@\\-]{2,40}[\s,;/]+(?:with )?(?:the )?(?:pass(?:word|wd)?|pwd?|pw)\s+["'“]?(?<value>[^\s"'”,;]{4,64})/giu,
    (text) => /\d/.test(text) || /[^\w.]/.test(text.replace(/[.!?]+$/, '')),
  ],
  [
    'offer_code',
    /\b(?:discount|promo|coupon|voucher|gift card|invite) code(?: for [^.?!:\n]{2,24}?)?(?: is|:)? ?["'“]?(?<value>(?=[A-Z]*\d)[A-Z0-9]{5,20})\b/gu,
    (text) => /[A-Z]/.test(text),
  ],
  [
    'license',
    /\blicen[cs]e (?:key|code)(?: for [^:\n]{2,32}?)?(?: is|:) ?(?<value>[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){2,7})\b/giu,
    () => true,
  ],
  [
    'network_key',
    /\b(?:wi-?fi|wlan|hotspot)\b[^.?!\n]{0,40}?\b(?:key|pass(?:word|phrase|code)?)(?: is|:) ?["'“]?(?<value>[^\s"'”,;]{4,64})/giu,
    (text) => /\d/.test(text) || /[^\w.]/.test(text.replace(/[.!?]+$/, '')),
  ],
  [
    'backup_codes',
    /\b(?:backup|recovery|one-?time|scratch) codes?\s*(?:are|is|:)\s*(?<value>[A-Z0-9]{4,10}(?:[- ][A-Z0-9]{4,10})?)(?=[\s,;.]|$)/giu,
    (text) => /\d/.test(text),
  ],
  [
    'answer',
    /\b(?:security|secret) (?:question )?answer(?: (?:for|to) [^.?!\n:=]{1,48}?)?(?: is|:|=) ?["'“]?(?<value>[\p{L}\p{N}]{3,64})/giu,
    () => true,
  ],
  [
    'own',
    new RegExp(
      `\\b(?:my|our|his|her|their) (?:[\\p{L}\\p{N}-]+ ){0,2}?(?:password|passcode|passphrase) (?:is|was|:|=) ${said}["'“]?(?<value>\\p{L}{3,32})["'”]?(?=[.!?,;]|$|\\n)`,
      'giu',
    ),
    () => true,
  ],
  [
    'code',
    /\b(?:(?:one-?time|verification|security|confirmation|login|auth(?:entication)?|2fa|mfa|sms|access|entry|door|gate|garage|keypad|building|lockbox|locker|safe|wi-?fi|alarm|backup|recovery|pin|unlock)(?: code| password| pin| number)|otp|cvv2?|cvc|mfa|2fa)(?: (?:for|to|of) [^.?!\n:=]{1,32}?)?(?: is|:| was|=)?(?: now)? ?["'“#]?(?<value>\d{3,8}|\d{3}[ -]\d{3})\b/giu,
    () => true,
  ],
  [
    'connection',
    /\b(?:Server|Data Source|Host|Endpoint|AccountName|DefaultEndpointsProtocol|Driver)\s*=\s*[^;\n]{1,128};[^\n]{0,256}?\b(?:Password|Pwd|AccountKey|SharedAccessKey|Secret)\s*=\s*(?<value>[^;\s]{1,128})|\bjdbc:[a-z0-9:]+\/\/[^\s"']{4,200}(?:password|user)=(?<other>[^\s"'&]{1,128})/giu,
    () => true,
  ],
  [
    'assigned',
    /\b(?:[A-Za-z0-9]+[_-])*(?:password|passwd|pwd|pass|secret|token|api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|private[_ -]?key|encryption key|secret[_ -]?(?:access[_ -]?)?key|client[_ -]?secret|auth[_ -]?token)["']?\s*(?:=|:=|=>|:|\bis\b)\s*["'`]?(?!process\b|os\b|env\b|get|\$|<|\{|null\b|none\b|true\b|false\b|str(?:ing)?\b|undefined\b|your|x{3}|\*{3}|\.{3})(?<value>[^\s"'`,;(){}<>[\]]{6,256})/gi,
    (text) => /\d/.test(text) || /[^\w.]/.test(text.replace(/[.!?:]+$/, '')),
  ],
  [
    'constant',
    /\b[A-Z0-9]+_(?:PASSWORD|PASSWD|PWD|PASS|SECRET|TOKEN|KEY)\s*[=:]\s*["']?(?!\$|<|\{)(?<value>[^\s"'`,;(){}<>]{6,256})/g,
    () => true,
  ],
  ['bearer', /\bbearer\s+(?=[\w.~+/-]*\d)(?<value>[\w.~+/=-]{12,})/giu, () => true],
  [
    'issued',
    /(?<![\w-])(?:(?:sk|rk|pk)_(?:live|test)_\w{4,}|sk-(?:\w+-)?\w{8,}|gh[pousr]_\w{6,}|xox[abprs]-[\w-]{6,}|AKIA[A-Z0-9]{6,}|AIza[\w-]{8,}|glpat-[\w-]{6,}|hf_\w{8,}|https:\/\/hooks\.slack\.com\/services\/\S{6,})/gu,
    () => true,
  ],
  [
    'shell',
    /\b(?:mysql|psql|mongo(?:sh)?|sqlplus|redis-cli|curl|sshpass|ldapsearch|smbclient)\b[^\n]{0,160}?(?:\s-p\s?|\s-a\s|\s-u\s[^\s:]+:|--password[= ])["']?(?<value>[^\s"'-][^\s"']{3,64})/gu,
    () => true,
  ],
];

/** Words of which each pattern has one. They begin with a word, or with the one before. */
const around = {
  core: /\b(?:\w*pass(?: ?word|wd|code| ?phrase|wort)?s?|pwd?|pw|pin|mot de passe|contraseña|\w+ code|otp|code (?:to|for|of)|combination|cvv|cvc|(?:security|secret) (?:answer|key)|licen[cs]e (?:key|code)|credentials?|creds?|log(?:ged)? ?in|sign(?:ed)? ?in|(?:Server|Data Source|Host|Endpoint|AccountName|DefaultEndpointsProtocol|Driver)\s*=|jdbc:|mysql|psql|mongo(?:sh)?|sqlplus|redis-cli|curl|sshpass|ldapsearch|smbclient|\w*(?:key(?:_?id)?|secret|token)s?\b["']?\s*(?:=|:|is\b)|wi-?fi|wlan|hotspot|bearer|AKIA|sk[-_]|gh[pousr]_|xox[abprs]-|AIza|glpat-|hf_|https:\/\/hooks\.slack)/iy,
  /** Where to look for one: in the word in which this stands, or the one before it. */
  sign: kindOf(
    'secret',
    'credential',
    /pass|pwd|pw|pin|mot de|contrase|code|otp|combination|cvv|cvc|answer|key|licen[cs]e|cred|log|sign|secur|secret|server|data source|host|endpoint|accountname|defaultendp|driver|jdbc:|mysql|psql|mongo|sqlplus|redis-|curl|sshpass|ldaps|smbc|token|wifi|wi-fi|wlan|bearer|akia|sk[-_]|gh[pousr]_|xox[abprs]-|aiza|glpat|hf_|https:\/\/hook/gi,
    1,
  ),
  before: 64,
  after: 320,
};

/** BIP-39: twelve, fifteen, eighteen, twenty-one or twenty-four words of three to eight letters behind a word for them. */
const phrase =
  /\b(?:(?:seed|recovery|mnemonic|backup|secret)(?: (?:phrase|words?))+|(?:crypto|wallet|bitcoin|metamask) (?:seed|mnemonic))(?: (?:is|are)|:|=)?\s*["“]?((?:[a-z]{3,8}[\s,]+){11,23}[a-z]{3,8})\b/giu;

const kinds = patterns.map(([name, pattern, accept]) => ({
  ...kindOf('secret', `credential.${name}`, pattern),
  accept,
}));
const phraseKind = kindOf('secret', 'credential.phrase', phrase);

/** Without the words around it, which tell nothing; `null`: not what was looked for. */
function valueOf({ 0: whole, groups }: RegExpExecArray, accept: (value: string) => boolean): string | null {
  const value = groups?.['value'] ?? groups?.['other'] ?? whole;
  // Not what stands in its place already.
  return /[\p{L}\p{N}]/u.test(value) && accept(value) ? value : null;
}

export const spokenCredential: Detector = {
  name: 'credential',
  find(text, facts = new TextFacts(text)) {
    const likely = kinds.filter((kind) => facts.mayMatch(kind));
    const found: Span[] = [];
    if (likely.length > 0)
      for (const part of partsOf(facts)) found.push(...shifted(findIn(part, facts, likely), part.start));
    return [...found, ...matchesOf(facts, phraseKind)];
  },
};

const wordLetter = /\w/;

/** Where the word begins in which this stands. */
function wordStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && wordLetter.test(text[start - 1] ?? '')) start--;
  return start;
}

function partsOf(facts: TextFacts): Window[] {
  const { text } = facts;
  const starts = new Set<number>();
  for (const { start } of matchesOf(facts, around.sign)) {
    const here = wordStart(text, start);
    if (text[here - 1] === ' ') starts.add(wordStart(text, here - 1));
    starts.add(here);
  }
  const ordered = [...starts].sort((a, b) => a - b);
  return windowsAt(text, ordered, around.core, around.before, around.after);
}

function findIn({ start, text }: Window, facts: TextFacts, likely: typeof kinds): Span[] {
  const end = start + text.length;
  const inside = facts.lookInto(start, end);
  return likely.flatMap((kind) => {
    if (!inside.mayMatch(kind)) return [];
    const { type, detector, accept } = kind;
    return runsOf(text, kind, placesWithin(facts, kind, start, end)).flatMap((match): Span[] => {
      const value = valueOf(match, accept);
      if (value === null) return [];
      const at = match.index + match[0].lastIndexOf(value);
      return [{ start: at, end: at + value.length, type, detector }];
    });
  });
}

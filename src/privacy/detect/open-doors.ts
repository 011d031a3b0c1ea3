import { anchorOf } from './anchor-words.ts';
import { kindOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** What is wrong with the doors of a house, and who has been through them. Of "ours", or of records of people. */
const thing =
  '(?:servers?|systems?|network|databases?|website|site|app|backups?|accounts?|infrastructure|cluster|firewall|vpn|wi-?fi|router|controllers?|cameras?|laptops?|phones?|login(?: form| page)?|portal|intranet|api|code|product|software|firmware|plant|building|office|doors?|gate|safe|alarm|pipeline|cloud|bucket|tenant|domain|mail(?: server)?|file server|payroll|erp|crm)';
const records =
  '(?:customer|user|patient|employee|client|card|payment|member|student|subscriber|donor|personnel|salary|voter)';
const broken =
  '(?:breached|hacked|compromised|leaked|encrypted|exfiltrated|stolen|exposed|infected|wiped|cracked|defaced|phished|dumped|readable|accessible|public|unencrypted|unprotected)';

const patterns: readonly (readonly [string, RegExp])[] = [
  [
    'system.hole',
    new RegExp(
      `\\b(?:sql injection|xss|csrf|ssrf|rce|idor|remote code execution|back-?door|vulnerabilit(?:y|ies)|zero-?day|exploit|security (?:hole|flaw|bug|gap)|buffer overflow|privilege escalation|misconfiguration|hard-?coded (?:password|key|credential)s?)\\b[^.?!\\n]{0,32}?\\b(?:in|on|of|for|against|affecting) our\\b`,
      'giu',
    ),
  ],
  [
    'system.struck',
    new RegExp(
      `\\b(?:encrypted|breached|hacked|stole|leaked|compromised|exfiltrated|wiped|infected|defaced|phished|got into|broke into|took down|had access to) (?:all |most |some |one )?(?:of )?our\\b(?: \\p{L}+)?`,
      'giu',
    ),
  ],
  [
    'system.open_door',
    new RegExp(
      `\\bour (?:[\\p{L}\\d-]+ ){0,3}?(?:${thing}|mfa|2fa|encryption|antivirus|logging|monitoring|badge readers?|backups?)\\b[^.?!\\n]{0,32}?\\b(?:(?:the |a |its |their )?(?:vendor['’]s |factory )?default (?:logins?|passwords?|credentials?|pin|admin)|(?:no|without|lacks?) (?:mfa|2fa|firewall|backups?|encryption|passwords?|authentication|network polic\\p{L}+|logging|patch\\p{L}*)|unpatched|unencrypted|end[- ]of[- ]life|switched off|turned off|disabled|out of date|outdated|not patched|wide open|open to (?:the internet|everyone|anyone|all)|still runs?)`,
      'giu',
    ),
  ],
  [
    'system.leaked',
    new RegExp(
      `\\b${records}s? (?:table|database|data|records?|lists?|files?|details|information|dump|numbers)(?: (?:was|were|got|has been|have been|is|are|just))* ${broken}\\b|\\b(?:leak|breach|theft|dump|loss) of (?:\\d[\\d,.]* )?(?:our )?${records}s? (?:data|records?|accounts?|details|passwords?)\\b|\\b\\d[\\d,.]* (?:${records}s? )?(?:records|rows|accounts|customers|users|patients) (?:were|was|have been|got|are) (?:${broken}|affected)\\b`,
      'giu',
    ),
  ],
  [
    'system.admitted',
    /\bwe (?:found|have|discovered|shipped|introduced|know of|had|suffered|detected|are having) (?:an?|the|several|some|\d+) (?:[\p{L}-]+ ){0,3}?(?:breach|intrusion|hack|ransomware(?: attack)?|phishing attack|security (?:incident|flaw|hole|bug)|vulnerabilit(?:y|ies)|back-?door|bug that (?:exposes|leaks|allows|lets)|flaw (?:in|that)|data leak)\b|\bwe (?:store|keep|save|log|sell|share|collect|track) (?:all |our )?(?:customers?|users?|patients?|clients?|employees?|credit card|card|payment)s?['’]? (?:passwords?|data|numbers?|records|cards?|locations?|messages|details)\b|\bour (?:product|app|api|website|software|service|platform|system)s? (?:has|have|contains?) (?:an?|several|some) (?:[\p{L}-]+ ){0,2}?(?:flaw|hole|back-?door|vulnerabilit(?:y|ies)|security (?:bug|issue))\b|\bfirewall (?:allows|exposes|opens|permits) (?:ports?|all|any|traffic|ssh|rdp)\b[^.?!\n]{0,24}?\b(?:anywhere|everyone|anyone|the internet)\b|\badmin(?:istration)?(?: portal| panel| console| login| page| interface)?(?: is| at|:){1,3} ?https?:\/\/\S+/giu,
  ],
  [
    'system.rule',
    /\b(?:firewall rule|security group|acl|access list|port forwarding|vlan)(?: \d+)? (?:lets?|allows?|permits?|opens?|exposes?)\b|\b(?:domain admin|root access|admin access|full access) (?:in|within|after) (?:\d+|an|two|three|a few) (?:minutes?|hours?|days?|steps?)\b|\b(?:jira|servicenow|incident|ticket)(?: ticket| issue| no\.?| number| #)* ?#?[A-Z]{2,8}-\d{2,7}\b/giu,
  ],
];

const kinds = patterns.map((one) => kindOf('confidential', ...one));

export const around = {
  core: /\b(?:our|we (?:found|have|discovered|shipped|introduced|know of|had|suffered|detected|are having|store|keep|save|log|sell|share|collect|track)|admin(?:istration)?(?: portal| panel| console| login| page| interface)?(?: is| at|:)|firewall (?:rule|allows|exposes|opens|permits)|domain admin|root access|admin access|full access|sql injection|xss|csrf|ssrf|rce|idor|remote code|back-?door|vulnerabilit(?:y|ies)|zero-?day|exploit|security (?:hole|flaw|bug|gap|group)|buffer overflow|privilege escalation|misconfiguration|hard-?coded|(?:customer|user|patient|employee|client|card|payment|member|student|subscriber|donor|personnel|salary|voter)s? (?:table|database|data|records?|lists?|files?|details|information|dump|numbers)|(?:leak|breach|theft|dump|loss) of|(?:records|rows|accounts|customers|users|patients) (?:were|was|have been|got|are)|acl|access list|port forwarding|vlan|jira|servicenow|incident|ticket)\b/iy,
  anchor: anchorOf.doors,
  before: 48,
  after: 112,
};

export const openDoors: Detector = {
  name: 'open_doors',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};

import { anchorOf } from './anchor-words.ts';
import { kindOf, matchesOf, type Detector, type SpanType } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Names by which a house knows its machines, people and papers, and nobody else has any. */
const patterns: readonly (readonly [SpanType, string, hint: RegExp, RegExp])[] = [
  [
    'confidential',
    'system.host',
    /\.(?:internal|intranet|corp|lan|intra|priv|home\.arpa|local)\b|:\/\/(?:intranet|jira|confluence|wiki|gitlab|jenkins|grafana|kibana|vault|nexus|artifactory|sharepoint|vpn)/i,
    /(?<![\p{L}\p{N}.@-])(?:https?:\/\/)?(?:[\p{L}\p{N}-]{1,63}\.){1,6}(?:internal|intranet|corp|lan|intra|priv|home\.arpa|svc\.cluster\.local|local)(?::\d{2,5})?(?![\p{L}\p{N}.-]*[\p{L}\p{N}])(?:\/[^\s"'<>)]*)?|https?:\/\/(?:intranet|jira|confluence|wiki|gitlab|jenkins|grafana|kibana|vault|nexus|artifactory|sharepoint|vpn)[.-][^\s"'<>)]{3,200}/giu,
  ],
  [
    'confidential',
    'system.store',
    /:\/\/|arn:aws|\\\\/i,
    /\b(?:s3|gs|abfss?|hdfs|wasbs?):\/\/[a-z0-9][\w.@-]{2,62}(?:\/[^\s"'<>)]*)?|\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:[^\s"'<>,)]+|\\\\[\w.-]{2,40}\\[\w$. -]{2,60}(?:\\[^\s"'<>]*)?/giu,
  ],
  [
    'account_number',
    'system.coded',
    /[A-Z][-_#:]\s?[A-Z0-9-]*\d{3}/,
    /(?<![\p{L}\p{N}-])(?:EMP|EMPL|EID|CUST|CLI|CLIENT|ACCT|ACC|POL|CLM|CLAIM|MRN|PAT|PT|INV|PO|CASE|CTR|CONTRACT|HR|LOAN|MEM|MBR|PRJ|RX|TXN|TKT|INC|STU|STF|BADGE|VEN|REF|DOC|NDA|SUB|DL|LIC|PASS|VISA|ORD|APP)[-_#:]\s?(?=[A-Z0-9-]*\d{3})[A-Z0-9][A-Z0-9-]{2,20}(?![\p{L}\p{N}])/gu,
  ],
  [
    'legal',
    'system.docket',
    /\d:\d{2}-|\d-(?:CV|CR|CA|FA|DR|PR|MC|CIV)-\d/i,
    /\b(?:\d:\d{2}-(?:cv|cr|mc|md|bk|ap|mj)-\d{3,6}(?:-[A-Z]{2,4})*|(?:19|20)\d{2}-(?:CV|CR|CA|FA|DR|PR|MC|CIV)-\d{3,8})\b/giu,
  ],
  [
    // Whoever has the address has the paper.
    'confidential',
    'system.shared_link',
    /https?:\/\/(?:docs|drive)\.google|sharepoint\.com|slack\.com\/archives|atlassian\.net|zoom\.us\/j|dropbox\.com\/s|onedrive|notion\.so|webex|teams\.microsoft/i,
    /https?:\/\/(?:(?:docs|drive)\.google\.com\/(?:document|spreadsheets|presentation|file|drive|forms)\/[^\s"'<>)]{16,}|[\w-]+(?:-my)?\.sharepoint\.com\/[^\s"'<>)]{4,}|[\w-]+\.slack\.com\/archives\/[^\s"'<>)]{6,}|[\w-]+\.atlassian\.net\/[^\s"'<>)]{4,}|(?:[\w-]+\.)?zoom\.us\/j\/\d{8,}[^\s"'<>)]*|(?:www\.)?dropbox\.com\/(?:s|scl)\/[^\s"'<>)]{8,}|(?:1drv\.ms|onedrive\.live\.com)\/[^\s"'<>)]{6,}|(?:www\.)?notion\.so\/[^\s"'<>)]*[0-9a-f]{32}|teams\.microsoft\.com\/l\/meetup-join\/[^\s"'<>)]{16,})/giu,
  ],
  [
    'confidential',
    'system.cloud_host',
    /amazonaws\.com|windows\.net|azure\.net|cloudapp\.azure|\.cloud\.google|mongodb\.net|snowflakecomputing/i,
    /(?<![\w.-])(?:[\w-]+\.){1,4}(?:(?:rds|elb|compute|redshift|cache|es|dkr\.ecr)(?:\.[\w-]+)?\.amazonaws\.com|(?:rds|elb|compute|redshift|elasticache|es)\.amazonaws\.com|(?:blob|database|queue|table|file|vault|servicebus|dfs)\.(?:core\.)?windows\.net|vault\.azure\.net|cloudapp\.azure\.com|mongodb\.net|snowflakecomputing\.com)(?::\d{2,5})?/giu,
  ],
  [
    'confidential',
    'system.stage_host',
    /:\/\/[\w.-]*(?:internal|intra|intranet|corp|staging|stg|uat|preprod|backoffice|bastion)[.-]/i,
    /https?:\/\/(?:[\w-]+[.-])?(?:internal|intra|intranet|corp|staging|stg|uat|preprod|backoffice|bastion)[.-][\w-]+(?:\.[\w-]+)+[^\s"'<>)]*/giu,
  ],
  [
    'confidential',
    'system.service_host',
    /(?:vpn|intranet|internal|staging|stg|uat|preprod|bastion|jumphost|jenkins|sso|owa|citrix|rdp)\.[\w-]+\.[a-z]{2}/i,
    /(?<![\w.@/-])(?:vpn|intranet|internal|staging|stg|uat|preprod|bastion|jumphost|jenkins|sso|owa|citrix|rdp)\.[\w-]+\.(?:com|net|org|io|co|cloud|de|uk|eu|fr|nl|ch|at|biz)(?![\w-])/giu,
  ],
  [
    'confidential',
    'system.machine',
    /(?:prod|stg|staging|dev|qa|uat|dr)[-_](?:db|sql|web|app|api|k8s|redis|kafka|es|mongo|pg|mysql|jump|bastion|vpn|gw|lb)/i,
    /(?<![\w.-])(?:[a-z0-9]{2,12}[-_])?(?:prod|stg|staging|dev|qa|uat|dr)[-_](?:db|sql|web|app|api|k8s|redis|kafka|es|mongo|pg|mysql|jump|bastion|vpn|gw|lb)[-_]?\d{1,3}(?:\.[\w-]+)*(?![\w-])/giu,
  ],
  [
    'account_number',
    'system.ending',
    /\bend(?:s|ing)? .{0,16}\d{4}|last (?:four|4)/i,
    /\b(?:card|account|acct|ssn|social(?: security)?(?: number)?|number|visa|mastercard|amex|phone)(?: (?:number|that|which|is|was))* (?:ending|ends|end)(?: in| with)? (?:the digits )?\d{4}\b|\blast (?:four|4)(?: digits)?(?: of (?:my|our|his|her|the|their) [\p{L} ]{2,30})?(?: (?:is|are|were)|:) ?\d{4}\b/giu,
  ],
];

const kinds = patterns.map(([type, detector, hint, pattern]) => ({
  ...kindOf(type, detector, pattern),
  hint,
}));
const named = /:\/\/|arn:aws|\\\\/i;

/** Everywhere, whatever words a text has. */
const anywhere: ReadonlySet<string> = new Set(['system.coded', 'system.ending']);

export const ownSystems: Detector = {
  name: 'system',
  find(text, facts = new TextFacts(text)) {
    const likely = kinds.filter((kind) => facts.mayMatch(kind));
    if (likely.length === 0) return [];
    const isSystem = facts.hasAnchor(anchorOf.system) || named.test(text);
    return likely.flatMap((kind) =>
      (isSystem || anywhere.has(kind.detector)) && kind.hint.test(text) ? matchesOf(facts, kind) : [],
    );
  },
};

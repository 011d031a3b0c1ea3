import { matches, type Detector, type SpanType } from './span.ts';

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
  ['legal', 'system.docket', /\d:\d{2}-/, /\b\d:\d{2}-(?:cv|cr|mc|md|bk|ap|mj)-\d{3,6}(?:-[A-Z]{2,4})*\b/giu],
  [
    'account_number',
    'system.ending',
    /\bend(?:s|ing)? .{0,16}\d{4}|last (?:four|4)/i,
    /\b(?:card|account|acct|ssn|social(?: security)?(?: number)?|number|visa|mastercard|amex|phone)(?: (?:number|that|which|is|was))* (?:ending|ends|end)(?: in| with)? (?:the digits )?\d{4}\b|\blast (?:four|4)(?: digits)?(?: of (?:my|our|his|her|the|their) [\p{L} ]{2,30})?(?: (?:is|are|were)|:) ?\d{4}\b/giu,
  ],
];

export const ownSystems: Detector = {
  name: 'system',
  find: (text) =>
    patterns.flatMap(([type, detector, hint, pattern]) =>
      hint.test(text) ? matches(text, pattern, { type, detector }) : [],
    ),
};

import { isIPv4, isIPv6 } from './ip-text.ts';
import { kindOf, matches, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

const v4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d|\w)/g;
const v6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])/gi;
const mac = /(?<![\w:-])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])/gi;
const email =
  /(?<![\w.+-])[\p{L}\p{N}](?:[\p{L}\p{N}._%+'-]{0,62}[\p{L}\p{N}_+-])?\s?@\s?(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}[\p{L}]{2,24}(?![\p{L}\p{N}])/gu;
/** As people write it for machines not to read. */
const spelledEmail =
  /(?<![\w.])[\w.+-]{2,64}\s?[[({]?\s?(?:\bat\b|@)\s?[\])}]?\s?[\w-]{2,63}\s?[[({]?\s?\bdot\b\s?[\])}]?\s?(?:com|org|net|edu|gov|io|co|de|uk|fr|eu|info)\b/gi;

const kinds = {
  v4: kindOf('ip_address', 'ip_address.v4', v4),
  mac: kindOf('mac_address', 'mac_address', mac),
  spelledEmail: kindOf('email', 'email.spelled', spelledEmail),
} as const;
const macLength = 17;

/** Loopback, the unspecified address and masks say nothing about anybody. */
const isMeaningless = (address: string): boolean =>
  /^(?:127\.|0\.0\.0\.0$|255\.)/.test(address) || address === '::1' || address === '::';

/** Two colons with four characters between them at most, as every IPv6 address has. */
function hasNearColons(text: string): boolean {
  let last = text.indexOf(':');
  while (last >= 0) {
    const next = text.indexOf(':', last + 1);
    if (next >= 0 && next - last <= 5) return true;
    last = next;
  }
  return false;
}

export const ipAddress: Detector = {
  name: 'ip_address',
  find(text, facts = new TextFacts(text)) {
    const found = [];
    if (facts.mayMatch(kinds.v4) && /\d\.\d/.test(text))
      found.push(
        ...matches(text, v4, { type: 'ip_address', detector: 'ip_address.v4' }, ({ 0: address, index }) => {
          // Four numbers with dots are also a version: only a word before tells.
          const isVersion = /\b(?:v|version|release|build)\s*$/i.test(
            text.slice(Math.max(0, index - 10), index),
          );
          return isIPv4(address) && !isMeaningless(address) && !isVersion;
        }),
      );
    if (hasNearColons(text))
      found.push(
        ...matches(text, v6, { type: 'ip_address', detector: 'ip_address.v6' }, ([address]) => {
          return isIPv6(address) && !isMeaningless(address) && /\d|::/.test(address) && address.length > 6;
        }),
      );
    return found;
  },
};

export const macAddress: Detector = {
  name: 'mac_address',
  find: (text, facts = new TextFacts(text)) =>
    facts.longestWord >= macLength ? matchesOf(facts, kinds.mac) : [],
};

export const emailAddress: Detector = {
  name: 'email',
  find(text, facts = new TextFacts(text)) {
    const found = text.includes('@') ? matches(text, email, { type: 'email', detector: 'email' }) : [];
    return found.length > 0 ? found : matchesOf(facts, kinds.spelledEmail);
  },
};

/**
 * The letters in which the sieve reads texts and patterns: either case is one, every digit is `0`, everything beyond ASCII is one
 * sign. What a pattern needs in these letters it needs in the text, so that nothing is missed; what is alike here may differ there.
 * Texts are NFKC: the two letters beyond ASCII that patterns without regard to case take for a `k` and an `s` are not in them.
 */

const beyondAscii = '\u0080';

/** Of each ASCII code, and at 128 for all others, the code of its letter. */
export const letterCodes = Uint8Array.from({ length: 129 }, (_, code) => {
  if (code === 128) return beyondAscii.charCodeAt(0);
  const character = String.fromCharCode(code);
  return (/\d/.test(character) ? '0' : character.toLowerCase()).charCodeAt(0);
});

/** A code point in these letters: one for each UTF-16 unit. */
export function lettersOf(codePoint: number): string {
  if (codePoint < 128) return String.fromCharCode(letterCodes[codePoint] ?? 0);
  return codePoint > 0xffff ? beyondAscii + beyondAscii : beyondAscii;
}

/** Bits of surprise of a letter in prose, roughly: how much it narrows down where something can stand. */
const commonness = new Map<string, number>([
  ...Array.from(' e', (one): [string, number] => [one, 3]),
  ...Array.from('taoinsrh', (one): [string, number] => [one, 4]),
  ...Array.from('ldcum', (one): [string, number] => [one, 5]),
  ...Array.from('fpgwyb.,0', (one): [string, number] => [one, 6]),
  ...Array.from('vk\n', (one): [string, number] => [one, 7]),
]);
const rarest = 9;

/** How often these letters stand somewhere in a text, for each of its characters. */
export function frequencyOf(letters: string): number {
  let bits = 0;
  let last = '';
  for (const one of letters) {
    // A second digit, or a second sign of another script, is no surprise.
    bits += one === last && (one === '0' || one === beyondAscii) ? 1 : (commonness.get(one) ?? rarest);
    last = one;
  }
  return 2 ** -bits;
}

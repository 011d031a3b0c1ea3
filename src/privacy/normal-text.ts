/** A text as detectors read it, with the way back to the text that was given. */
export interface NormalText {
  /** NFKC, without characters that nobody sees. */
  readonly text: string;
  /** Of a position in `text`, the one in the given text. */
  readonly sourceOf: (position: number) => number;
}

/** Soft hyphens, joiners, directions, variation selectors: put between letters they hide a word from a pattern. */
const invisible =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u{e0000}-\u{e0fff}]/gu;
/** A character with the marks behind it, which NFKC takes together. */
const cluster = /[^\p{M}]\p{M}*|\p{M}+/gsu;

const isAscii = /^[\t\n\r\x20-\x7e]*$/;

/** Full-width digits, ligatures, letters with marks of their own and hidden characters read as what they look like. Pure. */
export function normalText(given: string): NormalText {
  if (isAscii.test(given)) return { text: given, sourceOf: (position) => position };
  const clean = given.normalize('NFKC').replace(invisible, '');
  if (clean === given) return { text: given, sourceOf: (position) => position };
  let text = '';
  const sources: number[] = [];
  for (const { 0: part, index } of given.matchAll(cluster)) {
    const normal = part.normalize('NFKC').replace(invisible, '');
    for (let unit = 0; unit < normal.length; unit++)
      sources.push(index + (normal.length === part.length ? unit : 0));
    text += normal;
  }
  return { text, sourceOf: (position) => sources[position] ?? given.length };
}

/** Whether a text has so many characters in a row without a space: most have not, and need not be looked at for codes. */
export function hasLongWord(text: string, length: number): boolean {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    count = text.charCodeAt(index) <= 0x20 ? 0 : count + 1;
    if (count >= length) return true;
  }
  return false;
}

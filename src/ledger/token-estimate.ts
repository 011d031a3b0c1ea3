/** Pure: about as many tokens as a prompt has: four bytes each. */
export function tokenEstimate(byteCount: number): number {
  return Math.ceil(byteCount / 4);
}

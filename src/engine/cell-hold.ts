/** A sequence id of the decoder while somebody uses it, and what it holds. */
export interface CellHold {
  readonly sequence: number;
  /** Tokens that it held when it was taken. */
  readonly cachedTokenCount: number;
  /** Cells beyond what is published for others. */
  tailTokenCount: number;
}

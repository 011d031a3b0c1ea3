/** An answer that was timed in a page, at the page's own end. In a file of its own, for programs that know no DOM. */
export interface MeasuredAnswer {
  readonly text: string;
  readonly promptTokenCount: number;
  readonly completionTokenCount: number;
  /** Milliseconds from the call to the first piece, and from the first to the last. */
  readonly firstMs: number;
  readonly restMs: number;
}

/** What is known of a voice prompt when it has been read and shall be admitted. Milliseconds, but for the counts. */
export interface VoiceOutlook {
  readonly modelId: string;
  readonly targetMs: number;
  /** Since the gateway took it up: reading it, and the step that ran meanwhile. */
  readonly elapsedMs: number;
  /** Voice prompts that were admitted before it and wait for their step. */
  readonly aheadMs: number;
  /** Bringing the cached part back into the pool. */
  readonly restoreMs: number;
  /** Its own step, by the curve, with the cells that are in use now. */
  readonly promptMs: number;
  /** From the token to the client's first byte. */
  readonly deliveryMs: number;
  /** By how much predictions have been exceeded lately. */
  readonly marginMs: number;
  /** Its own step with nothing else in the pool and the machine at its measured speed. */
  readonly leastMs: number;
  readonly uncachedTokenCount: number;
  readonly cachedTokenCount: number;
  /** A free place and cells, or those of requests that step aside for it. */
  readonly hasPlace: boolean;
  /** Its history is being read back from disk. */
  readonly isComing: boolean;
}

/**
 * `never`: this prompt with what is cached of it now cannot be read in time on this machine, however long one waits.
 * `later`: it could, were less going on.
 */
export type VoiceVerdict =
  | { readonly kind: 'admit'; readonly predictedMs: number }
  | { readonly kind: 'later' | 'never'; readonly predictedMs: number; readonly message: string };

/** Whether the first token can be with the client within the target. Pure. */
export function judgeVoice(outlook: VoiceOutlook): VoiceVerdict {
  const { targetMs, deliveryMs, leastMs, isComing, hasPlace } = outlook;
  const spentMs = outlook.elapsedMs + outlook.aheadMs + outlook.restoreMs;
  const predictedMs = spentMs + outlook.promptMs + deliveryMs;
  const work = `${outlook.uncachedTokenCount} uncached tokens after ${outlook.cachedTokenCount} cached ones`;
  if (leastMs + deliveryMs > targetMs && !isComing) {
    const message =
      `x-nearfar-priority: ${outlook.modelId} on this machine needs ${figure(leastMs + deliveryMs)} ms to the first token ` +
      `of this prompt (${work}, at its measured speed); the target of voice is ${figure(targetMs)} ms. A shorter prompt, ` +
      'or one whose beginning was asked in another class before, can be in time.';
    return { kind: 'never', predictedMs: leastMs + deliveryMs, message };
  }
  if (hasPlace && predictedMs + outlook.marginMs <= targetMs) return { kind: 'admit', predictedMs };
  const reason = isComing
    ? 'its history is being read back from disk'
    : !hasPlace
      ? 'all places or cells are taken by requests that do not step aside'
      : `predicted: ${figure(predictedMs)} ms (${figure(outlook.elapsedMs)} gone, ${figure(outlook.aheadMs + outlook.restoreMs)} ` +
        `for voices before it and its cache, ${figure(outlook.promptMs)} for ${work}, ${figure(deliveryMs)} for the way ` +
        `back), with ${figure(outlook.marginMs)} ms kept for the error of predictions`;
  const message = `The first token cannot come within the ${figure(targetMs)} ms of the class voice now: ${reason}.`;
  return { kind: 'later', predictedMs, message };
}

const figure = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 10 ? 1 : 0);

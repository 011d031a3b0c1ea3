import { NearfarError } from '../chat/error.ts';
import { groupOf, type AdapterGroups } from './adapter-groups.ts';
import { minimumPrefillTokenCount } from './prefill-width.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { GenerateCommand } from './protocol.ts';
import { isDecoding, pendingTokenCount, type ActiveRequest, type Sequence } from './sequence.ts';
import { createStepCost, type StepCost } from './step-cost.ts';
import { judgeVoice } from './voice-outlook.ts';

/** What an admitted voice request was told. Milliseconds of the loop's clock. */
export interface VoicePromise {
  /** When the gateway took it up. */
  readonly enteredAt: number;
  /** From there to the client's first byte. */
  readonly predictedMs: number;
  /** Of that, from the draw on. */
  readonly deliveryMs: number;
}

/**
 * Admits requests of the class `voice` where their first token can come in time, and keeps the other steps short enough
 * for the next one. See docs/decisions/081.
 */
export interface VoiceDesk {
  /** One came, and others may follow. */
  expect(): void;
  /**
   * @param group the key of the adapter that it is computed with; empty = none
   * @throws NearfarError `unavailable` where waiting would help, `invalid_request` where it would not
   */
  admit(command: GenerateCommand, prompt: readonly number[], group: string, load: VoiceLoad): VoicePromise;
  /** The first token of a request is drawn: what was predicted of it was right or wrong by so much. */
  noteFirstToken(request: ActiveRequest): void;
  /** A prediction was wrong by so much. */
  noteError(errorMs: number): void;
  /** What a prompt is expected to take, alone in its steps. */
  expectedMs(size: PromptSize): number;
  /** A step ended: what `cost` learned is fresh. */
  noteStep(): void;
  /** Longest step, in milliseconds, after which the next voice prompt would be in time; Infinity where none is expected. */
  stepLimitMs(): number;
}

export interface VoiceLoad {
  readonly waiting: readonly Sequence[];
  readonly running: readonly Sequence[];
}

export interface VoiceDeskOptions extends Pick<
  EngineSetup,
  'cost' | 'classes' | 'modelId' | 'parallelCount' | 'now' | 'wallClock'
> {
  readonly cache: PrefixCache;
  readonly groups: Pick<AdapterGroups, 'factorOf' | 'isMeasured' | 'switchMsTo'>;
  readonly batchTokenCount: number;
  /** Cells that attention scans now. */
  readonly scannedCellCount: () => number;
}

/** From the draw to the client's first byte, where the gateway has not measured it yet. */
const guessedDeliveryMs = 6;
/** After one voice prompt the next is expected for so long. */
const expectationMs = 60_000;
/** What others may still take of an expected voice prompt's time, whatever it needs itself. */
const leastLimitShare = 0.2;
const leastMarginMs = 1;
/** More than this share of the target is not kept for errors: else one bad minute would refuse all for ever. */
const longestMarginShare = 0.3;
/**
 * By how much all but one prediction in twenty were exceeded at most. Of those who are admitted most have time to spare
 * beyond it, so what is promised is kept more often than that.
 */
const marginQuantile = 0.95;
const keptErrorCount = 64;
const keptSizeCount = 32;
/** Of what comes next. */
const sizeQuantile = 0.9;
/** With fewer errors known the first guess of one, a share of the target, stays among them. */
const enoughErrorCount = 16;
const guessedErrorShare = 0.1;
/** How long what the cost has learned of a busy machine is believed after the last step: its half-life. */
const trustHalfLifeMs = 5000;
/** The next prompt, before any came: a short turn of a conversation. */
const firstGuess: PromptSize = { uncachedTokenCount: 32, cachedTokenCount: 256, group: '' };

export interface PromptSize {
  readonly uncachedTokenCount: number;
  readonly cachedTokenCount: number;
  /** The key of its adapter. */
  readonly group: string;
}

export function createVoiceDesk(options: VoiceDeskOptions): VoiceDesk {
  const { cost, cache, groups, batchTokenCount, scannedCellCount, now } = options;
  const targetMs = options.classes.voice.firstTokenMs;
  const measured = createStepCost(cost.curve);
  const errors: number[] = [];
  const sizes: PromptSize[] = [];
  let cameAt = -Infinity;
  let steppedAt = -Infinity;
  let latestDeliveryMs = guessedDeliveryMs;

  /** In as many steps as it takes, alone in each. */
  function promptMs(by: StepCost, size: PromptSize, cellCount: number): number {
    const { uncachedTokenCount, cachedTokenCount } = size;
    let milliseconds = 0;
    for (let done = 0; done < uncachedTokenCount; done += batchTokenCount) {
      const tokenCount = Math.min(batchTokenCount, uncachedTokenCount - done);
      const contextCount = cachedTokenCount + done;
      milliseconds += by.predictMs({
        tokenCount,
        readPairCount: tokenCount * contextCount,
        cellCount: Math.max(contextCount, cellCount + done),
      });
    }
    return groups.factorOf(size.group) * milliseconds + groups.switchMsTo(size.group);
  }

  /**
   * What steps taught of a busy machine is believed less the longer ago it was: refused prompts teach nothing. That it is
   * quicker than it was when it was measured stays.
   */
  function expectedMs(size: PromptSize): number {
    const learned = promptMs(cost, size, scannedCellCount());
    const before = promptMs(measured, size, scannedCellCount());
    if (learned <= before) return learned;
    const trust = 0.5 ** ((now() - steppedAt) / trustHalfLifeMs);
    return trust * learned + (1 - trust) * before;
  }

  /**
   * With nothing else in the pool. The curve may have been measured on a busy machine: what both say counts. What an adapter that
   * was never measured takes is a guess: by it a prompt may be refused for now, not for ever.
   */
  function leastMs(size: PromptSize): number {
    const known = groups.isMeasured(size.group) ? size : { ...size, group: '' };
    const { cachedTokenCount } = size;
    return Math.min(promptMs(measured, known, cachedTokenCount), promptMs(cost, known, cachedTokenCount));
  }

  function noteError(errorMs: number): void {
    errors.push(errorMs);
    if (errors.length > keptErrorCount) errors.shift();
  }

  function marginMs(): number {
    const guessed = errors.length < enoughErrorCount ? [guessedErrorShare * targetMs] : [];
    const sorted = [...errors, ...guessed].sort((a, b) => a - b);
    const exceeded = sorted[Math.floor(marginQuantile * sorted.length)] ?? 0;
    return Math.min(longestMarginShare * targetMs, Math.max(leastMarginMs, exceeded));
  }

  function aheadMs({ waiting, running }: VoiceLoad): number {
    let milliseconds = 0;
    for (const sequence of [...waiting, ...running]) {
      if (sequence.request.command.priority !== 'voice' || isDecoding(sequence)) continue;
      const { computedCount, hold, request, tokens } = sequence;
      const cachedTokenCount =
        hold === null ? cache.probe(request.command.salt, tokens).matchedTokenCount : computedCount;
      const uncachedTokenCount = tokens.length - cachedTokenCount;
      milliseconds += expectedMs({ uncachedTokenCount, cachedTokenCount, group: groupOf(sequence) });
    }
    return milliseconds;
  }

  return {
    expect() {
      cameAt = now();
    },
    admit(command, prompt, group, load) {
      latestDeliveryMs = command.deliveryMs ?? guessedDeliveryMs;
      const { running } = load;
      const elapsedMs = Math.max(0, options.wallClock() - command.enteredAt);
      const probe = cache.probe(command.salt, prompt);
      const cachedTokenCount = probe.matchedTokenCount;
      const size = { uncachedTokenCount: prompt.length - cachedTokenCount, cachedTokenCount, group };
      const yielding = running.filter(({ standing }) => standing === 'default' || standing === 'bulk');
      const yieldedCellCount = yielding.reduce((sum, { computedCount }) => sum + computedCount, 0);
      const needed = size.uncachedTokenCount + probe.hostTokenCount + probe.idleTokenCount;
      const pending = running.reduce((sum, one) => sum + (isDecoding(one) ? 0 : pendingTokenCount(one)), 0);
      const onDisk = cache.disk?.plan(command.salt, prompt) ?? null;
      const verdict = judgeVoice({
        modelId: options.modelId,
        targetMs,
        elapsedMs,
        aheadMs: aheadMs(load),
        restoreMs: probe.hostTokenCount * cache.restoreMsPerToken,
        promptMs: expectedMs(size),
        deliveryMs: latestDeliveryMs,
        marginMs: marginMs(),
        leastMs: leastMs(size),
        ...size,
        hasPlace:
          running.length - yielding.length < options.parallelCount &&
          needed + pending <= cache.freeCellCount + cache.idleCellCount + yieldedCellCount,
        isComing: onDisk !== null,
      });
      if (verdict.kind !== 'admit') void onDisk?.load();
      if (verdict.kind === 'never')
        throw new NearfarError('invalid_request', verdict.message, { field: 'x-nearfar-priority' });
      sizes.push(size);
      if (sizes.length > keptSizeCount) sizes.shift();
      if (verdict.kind === 'later')
        throw new NearfarError('unavailable', verdict.message, { retryAfterSeconds: 1 });
      return { enteredAt: now() - elapsedMs, predictedMs: verdict.predictedMs, deliveryMs: latestDeliveryMs };
    },
    noteFirstToken({ promise, firstTokenAt }) {
      if (promise === null || firstTokenAt === null) return;
      noteError(firstTokenAt + promise.deliveryMs - promise.enteredAt - promise.predictedMs);
    },
    noteError,
    expectedMs,
    noteStep() {
      steppedAt = now();
    },
    stepLimitMs() {
      if (now() - cameAt >= expectationMs) return Infinity;
      const next = (sizes.length === 0 ? [firstGuess] : sizes)
        .map((size) => expectedMs(size))
        .sort((a, b) => a - b);
      const nextMs = next[Math.floor(sizeQuantile * next.length)] ?? 0;
      const left = targetMs - nextMs - latestDeliveryMs - marginMs();
      const least = { tokenCount: minimumPrefillTokenCount, readPairCount: 0, cellCount: scannedCellCount() };
      return Math.max(left, Math.min(leastLimitShare * targetMs, measured.predictMs(least)));
    },
  };
}

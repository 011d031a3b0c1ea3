import { NearfarError } from '../chat/error.ts';
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
}

/**
 * Admits requests of the class `voice` where their first token can come in time, and keeps the other steps short enough
 * for the next one. See docs/decisions/081.
 */
export interface VoiceDesk {
  /** One came, and others may follow. */
  expect(): void;
  /** @throws NearfarError `unavailable` where waiting would help, `invalid_request` where it would not */
  admit(command: GenerateCommand, prompt: readonly number[], load: VoiceLoad): VoicePromise;
  /** The first token of a request is drawn: what was predicted of it was right or wrong by so much. */
  noteFirstToken(request: ActiveRequest): void;
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
  readonly batchTokenCount: number;
  /** Cells that attention scans now. */
  readonly scannedCellCount: () => number;
}

/**
 * From the draw to the client's first byte: the gateway's process and a loopback socket. An allowance, which the engine cannot
 * check: bench `voice` prints by how much what was promised is missed at the client.
 */
export const deliveryMs = 4;
/** After one voice prompt the next is expected for so long. */
const expectationMs = 60_000;
/** What others may still take of an expected voice prompt's time, whatever it needs itself. */
const leastLimitShare = 0.2;
const leastMarginMs = 1;
/** More than this share of the target is not kept for errors: else one bad minute would refuse all for ever. */
const longestMarginShare = 0.3;
/** What is promised is kept more often than nineteen times in twenty. */
const marginQuantile = 0.97;
const keptCount = 32;
/** Of what comes next. */
const sizeQuantile = 0.9;
/** With fewer errors known the first guess of one, a share of the target, stays among them. */
const enoughErrorCount = 16;
const guessedErrorShare = 0.1;
/** How long what the cost has learned of a busy machine is believed after the last step: its half-life. */
const trustHalfLifeMs = 5000;
/** The next prompt, before any came: a short turn of a conversation. */
const firstGuess = { uncachedTokenCount: 32, cachedTokenCount: 256 };

type PromptSize = typeof firstGuess;

export function createVoiceDesk(options: VoiceDeskOptions): VoiceDesk {
  const { cost, cache, batchTokenCount, scannedCellCount, now } = options;
  const targetMs = options.classes.voice.firstTokenMs;
  const measured = createStepCost(cost.curve);
  const errors: number[] = [];
  const sizes: PromptSize[] = [];
  let cameAt = -Infinity;
  let steppedAt = -Infinity;

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
    return milliseconds;
  }

  /** What steps taught of the machine's load is believed less the longer ago it was: refused prompts teach nothing. */
  function expectedMs(size: PromptSize): number {
    const trust = 0.5 ** ((now() - steppedAt) / trustHalfLifeMs);
    const learned = promptMs(cost, size, scannedCellCount());
    return trust * learned + (1 - trust) * promptMs(measured, size, scannedCellCount());
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
      milliseconds += expectedMs({ uncachedTokenCount, cachedTokenCount });
    }
    return milliseconds;
  }

  return {
    expect() {
      cameAt = now();
    },
    admit(command, prompt, load) {
      const { running } = load;
      const elapsedMs = Math.max(0, options.wallClock() - command.enteredAt);
      const probe = cache.probe(command.salt, prompt);
      const cachedTokenCount = probe.matchedTokenCount;
      const size = { uncachedTokenCount: prompt.length - cachedTokenCount, cachedTokenCount };
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
        deliveryMs,
        marginMs: marginMs(),
        leastMs: promptMs(measured, size, cachedTokenCount),
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
      if (sizes.length > keptCount) sizes.shift();
      if (verdict.kind === 'later')
        throw new NearfarError('unavailable', verdict.message, { retryAfterSeconds: 1 });
      return { enteredAt: now() - elapsedMs, predictedMs: verdict.predictedMs };
    },
    noteFirstToken({ promise, firstTokenAt }) {
      if (promise === null || firstTokenAt === null) return;
      errors.push(firstTokenAt + deliveryMs - promise.enteredAt - promise.predictedMs);
      if (errors.length > keptCount) errors.shift();
    },
    noteStep() {
      steppedAt = now();
    },
    stepLimitMs() {
      if (now() - cameAt >= expectationMs) return Infinity;
      const next = (sizes.length === 0 ? [firstGuess] : sizes)
        .map((size) => expectedMs(size))
        .sort((a, b) => a - b);
      const nextMs = next[Math.floor(sizeQuantile * next.length)] ?? 0;
      const left = targetMs - nextMs - deliveryMs - marginMs();
      const least = { tokenCount: minimumPrefillTokenCount, readPairCount: 0, cellCount: scannedCellCount() };
      return Math.max(left, Math.min(leastLimitShare * targetMs, measured.predictMs(least)));
    },
  };
}

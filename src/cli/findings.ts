import type { LoadedModel } from '../engine/protocol.ts';
import type { ModelFacts } from '../chat/model.ts';
import type { Machine } from './machine.ts';

/** Something that makes this machine slower than it could be, and what to do about it. */
export interface Finding {
  readonly severity: 'slow' | 'note';
  readonly text: string;
}

export interface DoctorFacts {
  readonly machine: Machine;
  /** Bytes a second read from memory, measured; null where it was not. */
  readonly bandwidthBytesPerSecond: number | null;
  /** Why each GPU backend that was tried could not be used. */
  readonly rejectedBackends: readonly string[];
  /** The near model; null where none is here. */
  readonly facts: ModelFacts | null;
  /** The near model in memory; null where it could not be loaded. */
  readonly loaded: LoadedModel | null;
  /** True where this machine weighed another format against this one already. */
  readonly wasRequantized: boolean;
  /** Whether CPU kernels may be built here and were not; `problem`: some were, and why they are not used. */
  readonly kernels: { readonly areWanting: boolean; readonly problem: string | null };
}

/** Pure: what is slow here, and why. */
export function findingsOf(facts: DoctorFacts): readonly Finding[] {
  const { machine } = facts;
  const findings: Finding[] = [];
  const slow = (text: string) => findings.push({ severity: 'slow', text });
  const note = (text: string) => findings.push({ severity: 'note', text });

  if (machine.load !== null && machine.load > Math.max(0.5, machine.processorCount * 0.3)) {
    slow(
      `Other processes are busy (load ${machine.load.toFixed(1)} over the last minute on ${machine.processorCount} processors).` +
        ' Decoding threads wait for each other at every layer, so one that shares its processor slows them all.',
    );
  }
  const { format } = facts.facts ?? { format: null };
  if (format !== null && facts.loaded?.backend !== 'cuda' && !isRepacked(format, machine.cpuFeatures)) {
    slow(
      `${format} has no repacked kernel on this processor, so prompts are read several times slower than in Q4_0 or IQ4_NL.` +
        (facts.wasRequantized ? ' This machine measured them and kept it.' : ' Requantizing it would help.'),
    );
  }
  const { areWanting, problem } = facts.kernels;
  if (problem !== null) slow(problem);
  if (
    areWanting &&
    format !== null &&
    facts.loaded?.kernels === 'shipped' &&
    facts.loaded.backend === 'cpu' &&
    hasSlowShippedKernels(format, machine.platform)
  ) {
    slow(
      `The shipped kernels read prompts in ${format} at about half of what this processor can: their compiler kept sums in memory.` +
        ' nearfar kernels build compiles them here.',
    );
  }
  if (facts.loaded !== null) threadFindings(facts.loaded, machine, slow, note);
  batchFindings(facts.loaded, note);
  if (
    machine.cpuFeatures.length > 0 &&
    !machine.cpuFeatures.some((name) => name === 'avx2' || name === 'asimddp')
  ) {
    slow(
      'This processor has neither AVX2 nor dot-product instructions; the generic kernels are much slower.',
    );
  }
  if (facts.loaded?.backend === 'cpu' && facts.rejectedBackends.length > 0) {
    note(`No GPU is used: ${facts.rejectedBackends.join('; ')}`);
  }
  const size = facts.facts?.sizeBytes ?? null;
  if (size !== null && machine.memoryFree < size * 1.2) {
    slow('Free memory hardly holds the weights; when they are swapped out every token waits for the disk.');
  }
  return findings;
}

function threadFindings(
  loaded: LoadedModel,
  machine: Machine,
  slow: (text: string) => void,
  note: (text: string) => void,
): void {
  if (loaded.threadCount > machine.processorCount) {
    slow(
      `${loaded.threadCount} threads compute on ${machine.processorCount} processors; set engine.threadCount lower.`,
    );
  } else if (loaded.threadCount === machine.processorCount && machine.processorCount > 1) {
    note(
      `All ${machine.processorCount} processors compute: fastest while nothing else runs, and slowed many times over by` +
        ' any other busy process. Set engine.threadCount one lower where the machine has other work.',
    );
  }
}

/** Where reading several sequences in one step costs more per token than one alone, batching does not pay here. */
function batchFindings(loaded: LoadedModel | null, note: (text: string) => void): void {
  const one = loaded?.stepCost.find((point) => point.tokenCount === 1);
  const two = loaded?.stepCost.find((point) => point.tokenCount === 2);
  if (one !== undefined && two !== undefined && two.milliseconds > 2 * one.milliseconds) {
    note(
      `A step of 2 takes ${two.milliseconds.toFixed(1)} ms, more than twice a step of 1 (${one.milliseconds.toFixed(1)} ms):` +
        ' two answers at once are slower than one after the other in this format.',
    );
  }
}

/**
 * Whether llama.cpp repacks this format for faster matrix products on a processor with these features
 * (ggml-cpu/repack.cpp, ggml_repack_get_optimal_repack_type, of the pinned build).
 */
export function isRepacked(format: string, features: readonly string[]): boolean {
  const has = (feature: string) => features.includes(feature);
  // Where the system does not tell its features there is nothing to say.
  if (features.length === 0) return true;
  const family = format.toUpperCase();
  if (/^(F32|F16|BF16)$/.test(family)) return true;
  if (/^(Q4_0|IQ4_NL)/.test(family)) return has('avx2') || has('asimddp');
  if (family.startsWith('Q4_K')) return has('avx2') || has('asimddp');
  if (family.startsWith('Q2_K')) return has('avx512f') && has('avx512bw');
  if (/^(Q5_K|Q6_K|Q8_0)/.test(family)) return has('asimddp');
  return false;
}

/**
 * The Linux x64 build of the pinned version was compiled by GCC 11.4, which stores all sums of tinyBLAS's tiles to the stack in every
 * round (docs/decisions/235); quantized weights take other kernels.
 */
function hasSlowShippedKernels(format: string, platform: string): boolean {
  return platform === 'linux-x64' && /^(F32|F16|BF16)$/i.test(format);
}

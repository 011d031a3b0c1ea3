import type { ModelGrade } from '../chat/part.ts';
import type { AdapterStore } from './adapter-store.ts';
import type { Decoder } from './decoder.ts';
import type { Batching } from './offline-mode.ts';
import type { CompiledGrammar } from './grammar/grammar-part.ts';
import type { DiskStore } from './disk-tier/disk-store.ts';
import type { ClassTargets } from './priority.ts';
import type { GenerateCommand, WirePart } from './protocol.ts';
import type { DraftModel } from './speculation/model-drafter.ts';
import type { SlidingDecoder } from './sinks/sliding-decoder.ts';
import type { WindowParking } from './sinks/window-parking.ts';
import type { SpeculationSetting } from './speculation/speculation-setting.ts';
import type { StepCost } from './step-cost.ts';
import type { Choice } from './text/choice.ts';

/** A prompt as the engine takes it. */
export interface ReadPrompt {
  readonly tokens: readonly number[];
  /** `null`: it is whole. */
  readonly omitted: OmittedPrompt | null;
  /** In a window that slides: first tokens that stay. */
  readonly keepTokenCount?: number;
}

/** What was left out of the middle of a prompt, so that it fits. */
export interface OmittedPrompt {
  readonly tokenCount: number;
  readonly messageCount: number;
}

/** What the step loop is given. */
export interface EngineSetup {
  readonly decoder: Decoder;
  readonly cost: StepCost;
  readonly modelId: string;
  readonly grade: ModelGrade;
  /** Most tokens of one sequence, prompt and answer together. */
  readonly contextTokenCount: number;
  /** Most sequences running at once; the decoder has at least this many ids plus one. */
  readonly parallelCount: number;
  /** Who starts when. `continuous` where absent: whoever is next takes the first place that comes free. */
  readonly batching?: Batching;
  /** Sequences that may wait; more is `queue_full`. */
  readonly queueLimit: number;
  /** Longest gap that a reader should see while others prefill; `auto` weighs it against the prompts' speed. */
  readonly targetInterTokenMs: number | 'auto';
  /** What each class of requests is promised. */
  readonly classes: ClassTargets;
  readonly hostCacheBytes: number;
  /** What leaves host memory goes there; `null` = nowhere. */
  readonly disk: DiskStore | null;
  /** Of requests that say nothing. The decoder gives logits for `draftRowCount` rows beyond `parallelCount`. */
  readonly speculation: SpeculationSetting;
  /** `null`: drafts come from prompt lookup alone. */
  readonly draftModel: DraftModel | null;
  /** Text may wait this long for more, so that a fast stream is not one message per token; 0 = never. */
  readonly holdPartsMs: number;
  /** Milliseconds that no step begins after the first token of a voice request; 0 where absent. */
  readonly deliveryHoldMs?: number;
  /** Prompt to tokens, off the loop. @throws NearfarError */
  readonly readPrompt: (command: GenerateCommand) => Promise<ReadPrompt>;
  /**
   * With which tokens the next turn of a conversation will begin that was answered so; `null` where that is not known.
   * Absent: it never is.
   */
  readonly foreseePrompt?: (command: GenerateCommand, answer: string) => Promise<readonly number[] | null>;
  /** Behind the refusal of a prompt that is too long: what would help. @default nothing */
  readonly overflowAdvice?: (promptTokenCount: number) => string;
  /**
   * Where sequences are windows that slide: the decoder does that, cells are not shared, and no context ends.
   * Absent: one pool of cells that share prefixes.
   */
  readonly window?: SlidingDecoder;
  /** Where windows of sequences stay that step aside. Absent: none steps aside. */
  readonly parking?: WindowParking;
  /** Has a grammar ready for `createChoice`, off the loop. @throws NearfarError */
  readonly prepareGrammar: (grammar: CompiledGrammar) => Promise<void>;
  /** The adapters that requests name. */
  readonly adapters: Pick<AdapterStore, 'acquire'>;
  readonly createChoice: (
    command: GenerateCommand,
    choiceIndex: number,
    promptTokens: readonly number[],
    maxTokenCount: number,
  ) => Choice;
  /** All parts of one step. */
  readonly emit: (parts: readonly { readonly id: string; readonly part: WirePart }[]) => void;
  /** Milliseconds that a step may take for those who read answers of another loop; Infinity where there are none. */
  readonly othersLimitMs: () => number;
  /** Called when there is work for `step`. */
  readonly wake: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch, for deadlines. */
  readonly wallClock: () => number;
}

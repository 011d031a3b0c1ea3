import type { EmbedResult, EmbedTask } from '../chat/embedding.ts';
import type { ChatPart, ModelGrade, Timings, Usage } from '../chat/part.ts';
import type { ChatInput, Priority } from '../chat/request.ts';
import type { SamplingOptions } from '../chat/sampling.ts';
import type { ErrorKind } from '../chat/error.ts';
import type { AdapterRef } from './adapter.ts';
import type { AdapterRoom } from './adapter-store.ts';
import type { OverflowPolicy } from '../chat/overflow.ts';
import type { CompiledGrammar } from './grammar/grammar-part.ts';
import type { PrefixGranularity } from './decoder.ts';
import type { KvType } from './kv-type.ts';
import type { OfflineMode } from './offline-mode.ts';
import type { SpeculationSetting } from './speculation/speculation-setting.ts';
import type { SpeculationStats } from './speculation/speculation-meter.ts';
import type { ClassStats } from './class-figures.ts';
import type { ByClass, ClassTargets } from './priority.ts';
import type { AttentionCost } from './step-cost.ts';

/** Every hand-off between the gateway process and the engine's child process, by name. */

/** How a child loads its one model. */
export interface LoadOptions {
  readonly modelPath: string;
  readonly modelId: string;
  readonly grade: ModelGrade;
  /** Cells in the KV pool shared by all sequences; `null` = chosen from memory and the model's own context. */
  readonly contextTokenCount: number | null;
  /** Most requests decoding at once, 1-128. */
  readonly parallelCount: number;
  /** Waiting requests beyond which `queue_full` is answered. */
  readonly queueLimit: number;
  /** Longest gap a reader should see between tokens while others prefill, in milliseconds. */
  readonly targetInterTokenMs: number | 'auto';
  readonly speculation: SpeculationSetting;
  /** A smaller model of the same vocabulary that drafts for this one; `null` = none. */
  readonly draft: DraftLoadOptions | null;
  readonly classes: ClassTargets;
  /** `null` = chosen by measuring. */
  readonly threadCount: number | null;
  /** `auto` = as many layers as fit the free device memory. */
  readonly gpuLayerCount: number | 'auto';
  readonly backend: 'auto' | 'cpu' | 'cuda' | 'vulkan' | 'metal';
  /** CPU kernels that were built here; absent or `null`: those of the package. */
  readonly builtKernels?: string | null;
  /** Type of the KV cache's keys and values. */
  readonly kvType: KvType;
  /** Bytes of host memory for prefixes that left the pool. */
  readonly hostCacheBytes: number;
  /** Where prefixes that left host memory are kept, and how many bytes of them; `null` = nowhere. */
  readonly diskCache: { readonly root: string; readonly budgetBytes: number } | null;
  /** Most tokens of one text to embed; `null` = chosen by the model and memory. */
  readonly embeddingContextTokenCount: number | null;
  /** Absent: for people, who read while it works. */
  readonly offline?: OfflineMode;
  /** What the memory set aside for this model leaves to adapters. */
  readonly adapterRoom: AdapterRoom;
  readonly sinks: SinksOptions;
  /** Where the step-cost curve of this model, CPU and library is kept; `null` = not kept. */
  readonly curvePath: string | null;
}

/** How a child loads the model that drafts for its one model. */
export interface DraftLoadOptions {
  readonly modelPath: string;
  readonly modelId: string;
  /** Bytes of all its files. */
  readonly sizeBytes: number;
  readonly kvType: KvType;
  /** As of the model itself. */
  readonly curvePath: string | null;
}

/** The context that `context_overflow: sinks` streams through. */
export interface SinksOptions {
  /** Tokens of one window; `null` = as `chooseSinksSizes` says. */
  readonly windowTokenCount: number | null;
  /** Most answers in windows at once. */
  readonly parallelCount: number;
}

export interface GenerateCommand {
  readonly type: 'generate';
  readonly id: string;
  readonly input: ChatInput;
  readonly sampling: SamplingOptions;
  readonly stop: readonly string[];
  readonly maxTokenCount: number | null;
  readonly choiceCount: number;
  readonly topLogprobCount: number | null;
  /** False: nothing but `start` is handed on before the end, so that a crash in between costs time only. */
  readonly isStreamed: boolean;
  /** Prefixes are shared only between requests of the same salt. */
  readonly salt: string;
  readonly priority: Priority;
  /** When the gateway took it up, in milliseconds since the epoch: `voice` counts its time from there. */
  readonly enteredAt: number;
  /** Of `voice`: what the way back takes from the draw of the first token to the socket, as the gateway has measured it. */
  readonly deliveryMs?: number;
  /** Whose share of the machine it counts against. */
  readonly tenant: string;
  readonly deadlineAt: number | null;
  readonly ignoreEndOfGeneration: boolean;
  /** What the answer must match; `null` = anything. */
  readonly grammar: CompiledGrammar | null;
  /** `null`: as the settings say. */
  readonly speculation: SpeculationSetting | null;
  /** What it is computed with beside the model; `null` = nothing. */
  readonly adapter: AdapterRef | null;
  /** Whether what it computes may be written to disk; memory keeps it either way. */
  readonly mayPersist: boolean;
  /** `error` where absent. */
  readonly contextOverflow?: OverflowPolicy;
  /** As in ChatRequest. */
  readonly keepTokenCount?: number;
}

export interface EmbedCommand {
  readonly type: 'embed';
  readonly id: string;
  readonly task: EmbedTask;
}

export type EngineCommand =
  | { readonly type: 'load'; readonly options: LoadOptions }
  | GenerateCommand
  | EmbedCommand
  | { readonly type: 'abort'; readonly id: string }
  | { readonly type: 'count-tokens'; readonly id: string; readonly input: ChatInput }
  | { readonly type: 'ping'; readonly sentAt: number }
  | { readonly type: 'close' };

/** An error as it crosses the process border. */
export interface WireError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly field?: string;
  readonly retryAfterSeconds?: number;
}

/** ChatPart with its error made serialisable. */
export type WirePart =
  | Exclude<ChatPart, { type: 'error' }>
  | { readonly type: 'error'; readonly error: WireError; readonly usage?: Usage; readonly timings?: Timings };

/** What the engine knows about the model it loaded. */
export interface LoadedModel {
  readonly contextTokenCount: number;
  readonly trainedContextTokenCount: number;
  readonly vocabTokenCount: number;
  readonly parameterCount: number;
  readonly sizeBytes: number;
  readonly description: string;
  readonly hasChatTemplate: boolean;
  readonly hasFillInMiddle: boolean;
  readonly prefixGranularity: PrefixGranularity;
  readonly libraryVersion: string;
  readonly backend: string;
  readonly deviceNames: readonly string[];
  readonly gpuLayerCount: number;
  readonly threadCount: number;
  readonly systemInfo: string;
  /** Whose CPU kernels compute. */
  readonly kernels: 'shipped' | 'built';
  /** Measured cost of a step, milliseconds by batch width. */
  readonly stepCost: readonly { readonly tokenCount: number; readonly milliseconds: number }[];
  /** What cells in use add to it, as measured with it; see `AttentionCost`. Absent where nothing was measured. */
  readonly attentionCost?: readonly AttentionCost[];
  readonly loadMs: number;
  /** Absent for models that only read. */
  readonly pool?: PoolFacts;
}

/** What long prompts depend on. */
export interface PoolFacts {
  readonly cellCount: number;
  /** In the type of this pool, over all layers. */
  readonly kvBytesPerCell: number;
  /** Whether a window can slide. */
  readonly canShift: boolean;
  /** Of `sinks`. */
  readonly windowTokenCount: number;
}

/** Gauges and counters of one model; counters only grow within one child's life. */
export type EngineStats = LoopStats & SinksStats;

/** Of the context that windows slide in. */
export interface SinksStats {
  /** 0 while it is closed. */
  readonly sinksCellCount: number;
  readonly sinksUsedCellCount: number;
  /** Tokens that left a window. */
  readonly sinksDiscardedTokenCount: number;
}

/** Gauges and counters of a step loop. */
export interface LoopStats extends SpeculationStats {
  readonly stepCount: number;
  readonly queuedCount: number;
  readonly runningCount: number;
  readonly lastBatchTokenCount: number;
  readonly cellCount: number;
  readonly usedCellCount: number;
  /** Cells that more than one owner holds. */
  readonly sharedCellCount: number;
  readonly idleCellCount: number;
  readonly hostCacheBytes: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly completionTokenCount: number;
  /** Of these, tokens that a grammar left no choice about, and that were not drawn. */
  readonly forcedTokenCount: number;
  readonly preemptionCount: number;
  /** How often a step applied another adapter than the one before, and what that added to it, milliseconds, smoothed. */
  readonly adapterSwitchCount: number;
  readonly adapterSwitchMs: number;
  readonly offloadedTokenCount: number;
  readonly restoredTokenCount: number;
  /** Bytes of all files of saved prefixes, of other models too. */
  readonly diskCacheBytes: number;
  readonly diskWrittenBytes: number;
  /** Tokens that came back from the disk. */
  readonly diskReadTokenCount: number;
  /** Files that could not be read back, and were removed. */
  readonly diskRejectedCount: number;
  readonly classes: ByClass<ClassStats>;
}

export type EngineEvent =
  | { readonly type: 'loading'; readonly fraction: number }
  | { readonly type: 'loaded'; readonly model: LoadedModel }
  | { readonly type: 'load-failed'; readonly error: WireError }
  /** All parts that one step (or one rejected command) produced, in order. */
  | { readonly type: 'parts'; readonly parts: readonly { readonly id: string; readonly part: WirePart }[] }
  | { readonly type: 'token-count'; readonly id: string; readonly tokenCount: number }
  | { readonly type: 'token-count-failed'; readonly id: string; readonly error: WireError }
  /** A batch of texts is read, not yet the last of this command. */
  | { readonly type: 'embed-progress'; readonly id: string }
  | { readonly type: 'embed-result'; readonly id: string; readonly result: EmbedResult }
  | { readonly type: 'embed-failed'; readonly id: string; readonly error: WireError }
  | { readonly type: 'stats'; readonly stats: EngineStats }
  | { readonly type: 'pong'; readonly sentAt: number }
  | { readonly type: 'log'; readonly level: 'error' | 'warn' | 'info'; readonly text: string };

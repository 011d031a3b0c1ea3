import { neutralSampling } from '../../chat/sampling.ts';
import type { PrefixGranularity } from '../decoder.ts';
import type { DiskStore } from '../disk-tier/disk-store.ts';
import { prefixSalt, type AdapterRef } from '../adapter.ts';
import { createAdapterStore } from '../adapter-store.ts';
import { createEngine, type Engine } from '../engine.ts';
import { createHostStore } from '../host-store.ts';
import { defaultSettings } from '../../config/schema.ts';
import type { Batching } from '../offline-mode.ts';
import type { EngineSetup } from '../engine-setup.ts';
import type { ClassTargets } from '../priority.ts';
import type { GenerateCommand, WirePart } from '../protocol.ts';
import { createSampler } from '../sampling/sampler.ts';
import type { DraftModel } from '../speculation/model-drafter.ts';
import { createSlidingDecoder, type SlidingDecoder } from '../sinks/sliding-decoder.ts';
import type { SpeculationSetting } from '../speculation/speculation-setting.ts';
import { createStepCost } from '../step-cost.ts';
import type { AnswerGrammar } from '../text/answer-grammar.ts';
import { createChoice } from '../text/choice.ts';
import { createDetokenizer } from '../text/detokenizer.ts';
import type { ForcedTokens } from '../text/forced-tokens.ts';
import { createStopMatcher } from '../text/stop-matcher.ts';
import { createFakeDecoder, marked, nextToken, type FakeDecoder } from './fake-decoder.ts';

export interface HarnessOptions {
  readonly cellCount?: number;
  readonly batchTokenCount?: number;
  readonly sequenceCount?: number;
  readonly parallelCount?: number;
  readonly queueLimit?: number;
  readonly hostCacheBytes?: number;
  readonly disk?: DiskStore;
  readonly holdPartsMs?: number;
  readonly targetInterTokenMs?: number | 'auto';
  /** Nobody reads elsewhere by default. */
  readonly othersLimitMs?: number;
  readonly prefixGranularity?: PrefixGranularity;
  /** `continuous` by default. */
  readonly batching?: Batching;
  /** Made for each choice of a command that has a grammar. */
  readonly createGrammar?: () => AnswerGrammar;
  /** Made for each choice, with its prompt. */
  readonly createForcedTokens?: (prompt: readonly number[]) => ForcedTokens;
  readonly readersApart?: boolean;
  /** `off` by default. */
  readonly speculation?: SpeculationSetting;
  /** None by default. */
  readonly draftModel?: DraftModel;
  /** 64 by default, at most 64. */
  readonly vocabTokenCount?: number;
  /** See `nextToken`. */
  readonly repetitive?: boolean;
  /** A step takes hardly longer for more tokens, so that drafts pay. */
  readonly flatCost?: boolean;
  readonly classes?: ClassTargets;
  /** Shared with what else takes time, e.g. a draft model. */
  readonly clock?: Harness['clock'];
  /** Adapters in memory at once; 2 by default. */
  readonly adapterCount?: number;
  /** Windows of so many tokens that slide, one for each of `parallelCount`. */
  readonly windowTokenCount?: number;
  /** Bytes of host memory for windows that step aside; none by default. */
  readonly parkingBytes?: number;
  /** Windows that are there already, in the place of new ones. */
  readonly over?: SlidingDecoder;
  /** With which tokens the next turn begins; not known by default. */
  readonly foreseePrompt?: EngineSetup['foreseePrompt'];
  /** Told of all parts, too. */
  readonly emit?: EngineSetup['emit'];
}

export interface Harness {
  readonly engine: Engine;
  readonly decoder: FakeDecoder;
  /** Bytes of windows that stepped aside. */
  readonly parkedBytes: () => number;
  /** Where windows slide. */
  readonly window: SlidingDecoder | undefined;
  readonly parts: Map<string, WirePart[]>;
  textOf(id: string): string;
  /** `slowdown`: how many times as long as the curve says a step takes. */
  clock: { ms: number; slowdown: number; msPerAdapterToken?: number };
}

const fullVocabTokenCount = 64;
const pieceOf = (token: number) => Uint8Array.of(32 + token);

/** What the engine is given besides these parts: the real sampler and text path over a vocabulary of single characters. */
export function harnessSetup(
  options: HarnessOptions,
  {
    clock,
    ...parts
  }: Pick<EngineSetup, 'decoder' | 'cost' | 'adapters'> & { readonly clock: { readonly ms: number } },
): EngineSetup {
  const { vocabTokenCount } = parts.decoder;
  return {
    ...parts,
    modelId: 'fake',
    grade: 'ungraded',
    contextTokenCount: parts.decoder.cellCount,
    parallelCount: options.parallelCount ?? 4,
    batching: options.batching ?? 'continuous',
    queueLimit: options.queueLimit ?? 1000,
    targetInterTokenMs: options.targetInterTokenMs ?? 8,
    classes: options.classes ?? defaultSettings.engine.classes,
    hostCacheBytes: options.hostCacheBytes ?? 100_000,
    disk: options.disk ?? null,
    holdPartsMs: options.holdPartsMs ?? 0,
    speculation: options.speculation ?? 'off',
    draftModel: options.draftModel ?? null,
    readPrompt: ({ input }) =>
      Promise.resolve({ tokens: input.kind === 'tokens' ? [...input.tokens] : [], omitted: null }),
    prepareGrammar: () => Promise.resolve(),
    createChoice: (command, choiceIndex, prompt, maxTokenCount) =>
      createChoice({
        choiceIndex,
        sampler: createSampler(command.sampling, vocabTokenCount),
        detokenizer: createDetokenizer(pieceOf),
        stopMatcher: createStopMatcher(command.stop),
        pieceOf,
        maxTokenCount,
        isEndOfGeneration: (token) => token === 0,
        ignoreEndOfGeneration: command.ignoreEndOfGeneration,
        topLogprobCount: command.topLogprobCount,
        grammar: command.grammar === null ? null : (options.createGrammar?.() ?? null),
        forcedTokens: options.createForcedTokens?.(prompt) ?? null,
      }),
    ...(options.foreseePrompt === undefined ? {} : { foreseePrompt: options.foreseePrompt }),
    emit: options.emit ?? (() => undefined),
    othersLimitMs: () => options.othersLimitMs ?? Infinity,
    wake: () => undefined,
    now: () => clock.ms,
    wallClock: () => clock.ms,
  };
}

/** The engine over the fake decoder, with the real sampler and text path. One token costs 1 ms of a fake clock. */
export function createHarness(options: HarnessOptions = {}): Harness {
  const clock: Harness['clock'] = options.clock ?? { ms: 0, slowdown: 1 };
  const vocabTokenCount = options.vocabTokenCount ?? fullVocabTokenCount;
  const msOf = (tokenCount: number) => (options.flatCost === true ? 1 + tokenCount / 64 : tokenCount);
  const decoder: FakeDecoder = createFakeDecoder({
    cellCount: options.cellCount ?? 256,
    batchTokenCount: options.batchTokenCount ?? 32,
    sequenceCount: options.sequenceCount ?? 16,
    vocabTokenCount,
    prefixGranularity: options.prefixGranularity ?? 'token',
    repetitive: options.repetitive ?? false,
    onDecode: (tokenCount) => {
      const perToken = decoder.batchAdapters.at(-1) === 0 ? 1 : (clock.msPerAdapterToken ?? 1);
      clock.ms += clock.slowdown * msOf(tokenCount) * perToken;
    },
  });
  const parts = new Map<string, WirePart[]>();
  const { windowTokenCount, parallelCount = 4 } = options;
  const window =
    options.over ??
    (windowTokenCount === undefined
      ? undefined
      : createSlidingDecoder({ decoder, windowTokenCount, sequenceCount: parallelCount }));
  const cost = createStepCost({
    points: [
      { tokenCount: 1, milliseconds: msOf(1) },
      { tokenCount: 32, milliseconds: msOf(32) },
    ],
    attention: [{ tokenCount: 1, readMsPerCell: 0.001, maskedMsPerCell: 0.0001 }],
    readersApart: options.readersApart ?? false,
  });
  const adapters = createAdapterStore({
    room: { byteCount: 1000, count: options.adapterCount ?? 2 },
    load: (path) => decoder.loadAdapter(Number(path)),
    unload: (handle) => {
      decoder.useAdapter(null);
      decoder.unloadAdapter(handle);
    },
  });
  const parkingHost = createHostStore(options.parkingBytes ?? 0);
  const parking = {
    host: parkingHost,
    makeRoom: (byteCount: number) => parkingHost.fits(byteCount),
    windowBytes: 8 * (windowTokenCount ?? 0),
  };
  const engine = createEngine({
    ...harnessSetup(options, { decoder: window ?? decoder, cost, clock, adapters }),
    ...(window === undefined ? {} : { window, contextTokenCount: Number.MAX_SAFE_INTEGER }),
    ...(options.parkingBytes === undefined ? {} : { parking }),
    emit: (emitted) => {
      options.emit?.(emitted);
      for (const { id, part } of emitted) parts.set(id, [...(parts.get(id) ?? []), part]);
    },
  });
  return {
    engine,
    decoder,
    parkedBytes: () => parkingHost.usedBytes,
    window,
    parts,
    clock,
    textOf: (id) =>
      (parts.get(id) ?? []).map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
  };
}

export function command(
  id: string,
  tokens: readonly number[],
  more: Partial<GenerateCommand> = {},
): GenerateCommand {
  return {
    type: 'generate',
    id,
    input: { kind: 'tokens', tokens },
    sampling: { ...neutralSampling, temperature: 0 },
    stop: [],
    maxTokenCount: 20,
    choiceCount: 1,
    topLogprobCount: null,
    salt: 'a',
    priority: 'default',
    enteredAt: 0,
    tenant: 'a',
    deadlineAt: null,
    isStreamed: true,
    ignoreEndOfGeneration: false,
    grammar: null,
    speculation: null,
    adapter: null,
    mayPersist: true,
    ...more,
  };
}

/** A command for an adapter of the fake model, by the number that stands for its content; 0 = none. */
export function adapterOf(content: number): Pick<GenerateCommand, 'adapter' | 'salt'> {
  const adapter: AdapterRef | null =
    content === 0
      ? null
      : { name: `adapter ${content}`, path: String(content), digest: `d${content}`, scale: 1, byteCount: 10 };
  return { adapter, salt: prefixSalt('a', adapter) };
}

/** What a lone run of the fake model writes. `content`: see `adapterOf`. */
export function expectedText(
  prompt: readonly number[],
  maxTokenCount: number,
  repetitive = false,
  content = 0,
): string {
  const tokens = prompt.map((token) => marked(token, content));
  let text = '';
  for (let count = 0; count < maxTokenCount; count++) {
    const token = nextToken(tokens, fullVocabTokenCount, repetitive);
    if (token === 0) break;
    text += String.fromCharCode(32 + token);
    tokens.push(marked(token, content));
  }
  return text;
}

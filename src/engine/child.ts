/**
 * The engine's process: one model, one step loop, driven over IPC by the supervisor (see protocol.ts). It ends with
 * its channel, so a gateway that was killed leaves no orphan.
 */
import { toNearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';
import { createAdapterStore } from './adapter-store.ts';
import { besideTokenLimit } from './beside-width.ts';
import { reasoningTagsOf } from './calls/reasoning-splitter.ts';
import { createReplyReading, type ReplyReading } from './calls/reply-reading.ts';
import type { ToolGrammar } from './calls/tool-grammar.ts';
import { lastWritesMs } from './disk-tier/disk-store.ts';
import { createEnding } from './ending.ts';
import { createEngine, type Engine } from './engine.ts';
import type { CompiledGrammar } from './grammar/grammar-part.ts';
import type { Embedder } from './embedder.ts';
import { fitPrompt } from './fit-prompt.ts';
import { foreseePrompt } from './foresee-prompt.ts';
import type { EngineSetup, ReadPrompt } from './engine-setup.ts';
import { exitWithParent } from './lifeline.ts';
import { cannotWrite, createLoadedEmbedder } from './load-embedder.ts';
import { createLoadedSinks } from './load-sinks.ts';
import { load, type Loaded } from './load.ts';
import { overflowAdviser } from './overflow-adviser.ts';
import type { EngineCommand, EngineEvent, GenerateCommand, LoadOptions } from './protocol.ts';
import { createSampler } from './sampling/sampler.ts';
import { withSinks, type SinksEngine } from './sinks/sinks-engine.ts';
import { createStepCost, type StepCost } from './step-cost.ts';
import { createTemplateRenderer, type TemplateRenderer } from './text/chat-template.ts';
import { createAnswerGrammar, type AnswerGrammar } from './text/answer-grammar.ts';
import { createChoice } from './text/choice.ts';
import { createForcedTokens } from './text/forced-tokens.ts';
import { createDetokenizer } from './text/detokenizer.ts';
import { createPromptReader, type PromptReader } from './text/prompt.ts';
import { createReasonedGrammar } from './text/reasoned-grammar.ts';
import { createStopMatcher } from './text/stop-matcher.ts';
import { toWireError } from './wire-part.ts';
import { within } from './within.ts';

const statsIntervalMs = 250;
/** Shorter than a screen's two frames: no reader sees it. */
const holdPartsMs = 10;
/** What the first token takes to the client's socket where both cores are free; beside a step it took three times that. */
const deliveryHoldMs = 2;

interface Running {
  readonly options: LoadOptions;
  /** `null` where the model only embeds or ranks. */
  readonly writer: {
    readonly engine: Engine;
    /** Where prompts are handed in. */
    readonly desk: Pick<Engine, 'submit' | 'abort'>;
    readonly sinks: SinksEngine;
    readonly cost: StepCost;
  } | null;
  readonly embedder: Embedder;
  readonly reader: PromptReader;
}

let running: Running | null = null;
let isScheduled = false;
let statsSentAt = 0;
const ending = createEnding({ isBusy, wake, end: () => void close() });

function send(event: EngineEvent): void {
  // The channel may be gone already; `disconnect` ends the process then.
  if (process.connected) process.send?.(event);
}

function wake(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(tick);
}

/** One step, then back to the event loop, where new commands are read. */
function tick(): void {
  isScheduled = false;
  if (running === null) {
    ending.endIfIdle();
    return;
  }
  const { writer, embedder } = running;
  const hasStepped = writer?.engine.step() ?? false;
  const hasSlid = writer?.sinks.step(widthBeside(running, writer.engine.longestPauseMs())) ?? false;
  const pauseMs = Math.min(
    writer?.engine.longestPauseMs() ?? Infinity,
    writer?.sinks.longestPauseMs() ?? Infinity,
  );
  const hasEmbedded = embedder.hasWork && embedder.step(widthBeside(running, pauseMs));
  const time = performance.now();
  const hasWorked = hasStepped || hasSlid || hasEmbedded;
  const isDue = time - statsSentAt >= statsIntervalMs || (!hasWorked && !isBusy());
  if (writer !== null && isDue) {
    statsSentAt = time;
    const { engine, sinks } = writer;
    send({ type: 'stats', stats: withSinks(engine.stats(), sinks.loopStats, sinks.stats) });
  }
  if (hasWorked) wake();
  else ending.endIfIdle();
}

function isBusy(): boolean {
  const { runningCount = 0, queuedCount = 0 } = running?.writer?.engine.stats() ?? {};
  return runningCount + queuedCount > 0 || running?.embedder.hasWork === true;
}

/** Tokens that may be computed in one go beside those who can be made to wait for so long. */
function widthBeside({ writer, embedder }: Running, pauseMs: number): number {
  if (writer === null) return Infinity;
  return besideTokenLimit(writer.cost, pauseMs, writer.sinks.hasWork && embedder.hasWork ? 2 : 1);
}

async function start(options: LoadOptions): Promise<void> {
  try {
    const loaded = await load(options, send);
    const { vocabulary, chatTemplate, bosText, eosText } = loaded.model;
    const renderer = createTemplateRenderer({ template: chatTemplate, bosToken: bosText, eosToken: eosText });
    const reasoningTags = reasoningTagsOf(chatTemplate ?? '');
    const reader = createPromptReader({ vocabulary, renderer, reasoningTags });
    running = {
      options,
      reader,
      writer: createLoadedWriter(options, loaded, reader, renderer),
      embedder: createLoadedEmbedder(options, loaded, send, wake),
    };
    send({ type: 'loaded', model: loaded.facts });
  } catch (thrown) {
    send({ type: 'load-failed', error: toWireError(toNearfarError(thrown)) });
    if (toNearfarError(thrown).kind === 'internal') console.error(thrown);
  }
}

function createLoadedWriter(
  options: LoadOptions,
  loaded: Loaded,
  reader: PromptReader,
  renderer: TemplateRenderer,
): Running['writer'] {
  if (loaded.writing === null) return null;
  const { context, calibration, disk } = loaded.writing;
  const cost = createStepCost(calibration.curve);
  const { vocabulary, chatTemplate, grammars } = loaded.model;
  const answerGrammar = ({ text, triggers }: CompiledGrammar, openers: readonly string[] = []) =>
    createAnswerGrammar({
      open: () => grammars.open(text),
      triggers,
      openers,
      vocabulary,
      bytes: grammars.bytes,
    });
  /** Known with the first prompt: which family it is shows when the template runs. */
  let reading: ReplyReading | null = null;
  /** Grammars of prompts that were read and whose choices are still to be made. */
  const toolGrammars = new WeakMap<ChatInput, ToolGrammar>();
  const forms = new WeakMap<ChatInput, CompiledGrammar>();

  const read = (input: ChatInput): Promise<Int32Array> => reader.read(input);
  async function readPrompt(command: GenerateCommand): Promise<ReadPrompt> {
    const { input } = command;
    const { contextTokenCount } = loaded;
    const { modelId } = options;
    const prompt = await fitPrompt(command, await read(input), { contextTokenCount, modelId, read });
    const { toolFamily } = await renderer.facts();
    reading ??= createReplyReading(chatTemplate ?? '', vocabulary, toolFamily);
    const grammar = await reading.grammarOf(input, prompt.tokens);
    if (grammar !== null) {
      await grammars.prepare(grammar.text);
      toolGrammars.set(input, grammar);
    } else if (command.grammar !== null) {
      const form = reading.formOf(command.grammar, input);
      await grammars.prepare(form.text);
      forms.set(input, form);
    }
    return prompt;
  }
  /** Where a call is asked for, its grammar has the reasoning in it; all others leave it free. */
  function answerGrammarOf(command: GenerateCommand, promptTokens: readonly number[]): AnswerGrammar | null {
    const { input } = command;
    const toolGrammar = toolGrammars.get(input);
    const mayCall = input.kind === 'chat' && input.toolUse?.choice.kind === 'auto';
    if (toolGrammar !== undefined && !mayCall) return answerGrammar(toolGrammar, toolGrammar.openers);
    const compiled = toolGrammar ?? forms.get(input) ?? command.grammar;
    if (compiled === null) return null;
    const open = (): AnswerGrammar => answerGrammar(compiled, toolGrammar?.openers);
    const thoughts = reading?.thoughtsOf(input, promptTokens) ?? null;
    return thoughts === null
      ? open()
      : createReasonedGrammar({ open, thoughts, mayEndInside: mayCall, vocabulary });
  }

  const createEngineChoice = (
    command: GenerateCommand,
    choiceIndex: number,
    promptTokens: readonly number[],
    maxTokenCount: number,
  ) => {
    const grammar = answerGrammarOf(command, promptTokens);
    const isEnforced = () => grammar?.isActive() ?? false;
    // A bias speaks of tokens, and could ban the one that would be forced.
    const hasBiases = command.sampling.logitBias.size > 0;
    const replyParser = reading?.createParser(command.input, promptTokens, isEnforced) ?? null;
    const pieceOf = (token: number) =>
      replyParser === null ? vocabulary.piece(token) : (reading?.piece(token) ?? vocabulary.piece(token));
    return createChoice({
      choiceIndex,
      sampler: createSampler(command.sampling, vocabulary.tokenCount, { choiceIndex, promptTokens }),
      detokenizer: createDetokenizer(pieceOf),
      stopMatcher: createStopMatcher(command.stop),
      replyParser,
      reasoningLimit: reading?.reasoningLimitOf(command.input) ?? null,
      pieceOf,
      maxTokenCount,
      isEndOfGeneration: (token) => vocabulary.isEndOfGeneration(token),
      ignoreEndOfGeneration: command.ignoreEndOfGeneration,
      topLogprobCount: command.topLogprobCount,
      grammar,
      forcedTokens: grammar === null || hasBiases ? null : createForcedTokens({ grammar, vocabulary }),
    });
  };
  const setup: EngineSetup = {
    decoder: context,
    cost,
    modelId: options.modelId,
    grade: options.grade,
    contextTokenCount: loaded.contextTokenCount,
    parallelCount: Math.min(options.parallelCount, context.sequenceCount - 1),
    batching: options.offline?.batching ?? 'continuous',
    queueLimit: options.queueLimit,
    targetInterTokenMs: options.targetInterTokenMs,
    classes: options.classes,
    hostCacheBytes: options.hostCacheBytes,
    disk,
    speculation: options.speculation,
    draftModel: loaded.writing.draft?.draftModel ?? null,
    holdPartsMs,
    deliveryHoldMs,
    readPrompt,
    adapters: createAdapterStore({
      room: options.adapterRoom,
      load: (path) => loaded.model.adapters.load(path),
      unload: (handle) => {
        // The next step applies its own anyhow.
        context.useAdapter(null);
        sinks.dropAdapter();
        loaded.model.adapters.free(handle);
      },
    }),
    overflowAdvice: overflowAdviser(loaded.facts, options.hostCacheBytes),
    foreseePrompt: (command, answer) => foreseePrompt(command.input, answer, read),
    prepareGrammar: (grammar) => grammars.prepare(grammar.text),
    createChoice: createEngineChoice,
    emit: (parts) => {
      send({ type: 'parts', parts });
    },
    // Called from the first step on, when the windows are there.
    othersLimitMs: () => sinks.longestPauseMs(),
    wake,
    now: () => performance.now(),
    wallClock: () => Date.now(),
  };
  const engine = createEngine(setup);
  const { sinks, desk } = createLoadedSinks(options, loaded, loaded.writing, { engine, setup, read });
  return { engine, desk, sinks, cost };
}

function generate({ writer, options }: Running, command: GenerateCommand): void {
  if (writer !== null) {
    void writer.desk.submit(command);
    return;
  }
  const error = toWireError(cannotWrite(options.modelId));
  send({ type: 'parts', parts: [{ id: command.id, part: { type: 'error', error } }] });
}

async function countTokens(id: string, { reader }: Running, input: GenerateCommand['input']): Promise<void> {
  try {
    const tokens = await reader.read(input);
    send({ type: 'token-count', id, tokenCount: tokens.length });
  } catch (thrown) {
    send({ type: 'token-count-failed', id, error: toWireError(toNearfarError(thrown)) });
  }
}

function receive(command: EngineCommand): void {
  switch (command.type) {
    case 'load':
      void start(command.options);
      return;
    case 'ping':
      send({ type: 'pong', sentAt: command.sentAt });
      return;
    case 'close':
      void close();
      return;
    case 'generate':
      generate(requireRunning(), command);
      return;
    case 'embed':
      void requireRunning().embedder.submit(command);
      return;
    case 'abort':
      requireRunning().writer?.desk.abort(command.id);
      requireRunning().embedder.abort(command.id);
      wake();
      return;
    case 'count-tokens':
      void countTokens(command.id, requireRunning(), command.input);
      return;
  }
}

/** What may be asked again after the next start is written first; the supervisor waits for that long and no longer. */
async function close(): Promise<void> {
  try {
    if (running?.writer) await within(running.writer.engine.persist(), lastWritesMs);
  } catch (thrown) {
    console.error(thrown);
  }
  process.exit(0);
}

function requireRunning(): Running {
  if (running === null) throw new Error('a request came before the model was loaded');
  return running;
}

exitWithParent();
process.on('message', receive);
// A terminal's Ctrl-C goes to the whole group; the gateway decides when this process ends.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    ending.ask();
  });
}

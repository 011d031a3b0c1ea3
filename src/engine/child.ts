/**
 * The engine's process: one model, one step loop, driven over IPC by the supervisor (see protocol.ts). It ends with
 * its channel, so a gateway that was killed leaves no orphan.
 */
import { toNearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';
import { reasoningTagsOf } from './calls/reasoning-splitter.ts';
import { createReplyReading, type ReplyReading } from './calls/reply-reading.ts';
import type { ToolGrammar } from './calls/tool-grammar.ts';
import { lastWritesMs } from './disk-tier/disk-store.ts';
import { createEngine, type Engine } from './engine.ts';
import type { CompiledGrammar } from './grammar/grammar-part.ts';
import { exitWithParent } from './lifeline.ts';
import { load, type Loaded } from './load.ts';
import type { EngineCommand, EngineEvent, GenerateCommand, LoadOptions } from './protocol.ts';
import { createSampler } from './sampling/sampler.ts';
import { createStepCost } from './step-cost.ts';
import { createTemplateRenderer, type TemplateRenderer } from './text/chat-template.ts';
import { createAnswerGrammar } from './text/answer-grammar.ts';
import { createChoice } from './text/choice.ts';
import { createDetokenizer } from './text/detokenizer.ts';
import { createPromptReader, type PromptReader } from './text/prompt.ts';
import { createStopMatcher } from './text/stop-matcher.ts';
import { toWireError } from './wire-part.ts';
import { within } from './within.ts';

const statsIntervalMs = 250;
/** Shorter than a screen's two frames: no reader sees it. */
const holdPartsMs = 10;

interface Running {
  readonly engine: Engine;
  readonly reader: PromptReader;
}

let running: Running | null = null;
let isScheduled = false;
let statsSentAt = 0;

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
  if (running === null) return;
  const hasWorked = running.engine.step();
  const time = performance.now();
  if (!hasWorked || time - statsSentAt >= statsIntervalMs) {
    statsSentAt = time;
    send({ type: 'stats', stats: running.engine.stats() });
  }
  if (hasWorked) wake();
}

async function start(options: LoadOptions): Promise<void> {
  try {
    const loaded = await load(options, send);
    const { vocabulary, chatTemplate, bosText, eosText } = loaded.model;
    const renderer = createTemplateRenderer({ template: chatTemplate, bosToken: bosText, eosToken: eosText });
    const knowsReasoning = reasoningTagsOf(chatTemplate ?? '') !== null;
    const reader = createPromptReader({ vocabulary, renderer, knowsReasoning });
    running = { reader, engine: createLoadedEngine(options, loaded, reader, renderer) };
    send({ type: 'loaded', model: loaded.facts });
  } catch (thrown) {
    send({ type: 'load-failed', error: toWireError(toNearfarError(thrown)) });
    if (toNearfarError(thrown).kind === 'internal') console.error(thrown);
  }
}

function createLoadedEngine(
  options: LoadOptions,
  loaded: Loaded,
  reader: PromptReader,
  renderer: TemplateRenderer,
): Engine {
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

  async function readPrompt(input: ChatInput): Promise<readonly number[]> {
    const tokens = await reader.read(input);
    const { toolFamily } = await renderer.facts();
    reading ??= createReplyReading(chatTemplate ?? '', vocabulary, toolFamily);
    const promptTokens = Array.from(tokens);
    const grammar = await reading.grammarOf(input, promptTokens);
    if (grammar !== null) {
      await grammars.prepare(grammar.text);
      toolGrammars.set(input, grammar);
    }
    return promptTokens;
  }
  const createEngineChoice = (
    command: GenerateCommand,
    choiceIndex: number,
    promptTokens: readonly number[],
    maxTokenCount: number,
  ) => {
    const toolGrammar = toolGrammars.get(command.input);
    const grammar =
      toolGrammar !== undefined
        ? answerGrammar(toolGrammar, toolGrammar.openers)
        : command.grammar === null
          ? null
          : answerGrammar(command.grammar);
    const isEnforced = () => grammar?.isActive() ?? false;
    const replyParser = reading?.createParser(command.input, promptTokens, isEnforced) ?? null;
    const pieceOf = (token: number) =>
      replyParser === null ? vocabulary.piece(token) : (reading?.piece(token) ?? vocabulary.piece(token));
    return createChoice({
      choiceIndex,
      sampler: createSampler(command.sampling, vocabulary.tokenCount, { choiceIndex, promptTokens }),
      detokenizer: createDetokenizer(pieceOf),
      stopMatcher: createStopMatcher(command.stop),
      replyParser,
      pieceOf,
      maxTokenCount,
      isEndOfGeneration: (token) => vocabulary.isEndOfGeneration(token),
      ignoreEndOfGeneration: command.ignoreEndOfGeneration,
      topLogprobCount: command.topLogprobCount,
      grammar,
    });
  };
  return createEngine({
    decoder: loaded.context,
    cost: createStepCost(loaded.calibration.curve),
    modelId: options.modelId,
    grade: options.grade,
    contextTokenCount: loaded.contextTokenCount,
    parallelCount: Math.min(options.parallelCount, loaded.context.sequenceCount - 1),
    queueLimit: options.queueLimit,
    targetInterTokenMs: options.targetInterTokenMs,
    hostCacheBytes: options.hostCacheBytes,
    disk: loaded.disk,
    holdPartsMs,
    readPrompt,
    prepareGrammar: (grammar) => grammars.prepare(grammar.text),
    createChoice: createEngineChoice,
    emit: (parts) => {
      send({ type: 'parts', parts });
    },
    wake,
    now: () => performance.now(),
    wallClock: () => Date.now(),
  });
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
      void requireRunning().engine.submit(command);
      return;
    case 'abort':
      requireRunning().engine.abort(command.id);
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
    if (running !== null) await within(running.engine.persist(), lastWritesMs);
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

import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatModel, ModelFacts } from '../chat/model.ts';
import { isDelta, type ChatPart } from '../chat/part.ts';
import type { OverflowPolicy } from '../chat/overflow.ts';
import type { ChatRequest } from '../chat/request.ts';
import { prefixSalt, type AdapterRef } from './adapter.ts';
import type { CompiledGrammar } from './grammar/grammar-part.ts';
import { outputGrammar } from './grammar/output-grammar.ts';
import { alreadyOver, guardJob } from './job-guard.ts';
import type { GenerateCommand } from './protocol.ts';
import { requireText } from './require-text.ts';
import type { Supervisor } from './supervisor.ts';
import { createVoiceDelivery, type VoiceDelivery } from './voice-delivery.ts';

/** The use of a running engine for one request: it is not unloaded until `release`. */
export interface EngineLease {
  readonly engine: Pick<Supervisor, 'generate' | 'countTokens' | 'embed'>;
  release(): void;
}

/** What a request does with a model: embedding and windows that slide take contexts of their own, and so more memory. */
export type EngineUse = 'answer' | 'embed' | 'sinks';

export interface LocalModelOptions {
  /** What it is asked with beside its weights; `null` = nothing. */
  readonly adapter: AdapterRef | null;
  readonly facts: () => ModelFacts;
  /** For requests that say nothing. @default error */
  readonly contextOverflow?: OverflowPolicy;
  /**
   * Loads the weights if they are not, and holds them. `keepAliveSeconds` as in ChatRequest.
   * @throws NearfarError
   */
  readonly acquire: (
    keepAliveSeconds: number | null,
    signal: AbortSignal,
    use: EngineUse,
  ) => Promise<EngineLease>;
}

/**
 * The part of a request that the engine needs; tenant and adapter become the salt that keeps prefixes apart.
 * @param enteredAt when it came, in milliseconds since the epoch
 * @param contextOverflow for a request that does not say
 * @throws NearfarError where its output format cannot be enforced
 */
export function toGenerateCommand(
  request: ChatRequest,
  adapter: AdapterRef | null,
  enteredAt: number,
  contextOverflow: OverflowPolicy = 'error',
): GenerateCommand {
  return {
    type: 'generate',
    id: request.id,
    input: request.input,
    sampling: request.sampling,
    stop: request.stop,
    maxTokenCount: request.maxTokenCount,
    choiceCount: request.choiceCount,
    topLogprobCount: request.topLogprobCount,
    isStreamed: request.isStreamed,
    salt: prefixSalt(request.tenant, adapter),
    adapter,
    priority: request.priority,
    enteredAt,
    tenant: request.tenant,
    deadlineAt: request.deadlineAt,
    ignoreEndOfGeneration: request.ignoreEndOfGeneration,
    grammar: formGrammar(request),
    speculation: request.speculation ?? null,
    // Whatever a label of the future says: only what is open leaves memory.
    mayPersist: request.privacy === 'open',
    contextOverflow: request.contextOverflow ?? contextOverflow,
    ...(request.keepTokenCount === undefined ? {} : { keepTokenCount: request.keepTokenCount }),
  };
}

/**
 * The grammar of an answer's text. An answer that is surely calls has none.
 * @throws NearfarError where the format cannot be enforced
 */
function formGrammar({ input, outputFormat }: ChatRequest): CompiledGrammar | null {
  const grammar = outputGrammar(outputFormat, input);
  const toolUse = input.kind === 'chat' ? input.toolUse : undefined;
  if (grammar === null || toolUse === undefined) return grammar;
  if (toolUse.choice.kind !== 'auto') return null;
  const { field } = outputFormat.type === 'text' ? { field: 'tools' } : outputFormat;
  throw new NearfarError(
    'unsupported',
    `${field}: not beside tools that the model may call or not; choose that it must call, or none.`,
    { field },
  );
}

/** A model of this machine behind the contract that upstreams share. */
export function createLocalModel(options: LocalModelOptions): ChatModel {
  const delivery = createVoiceDelivery();
  return {
    get facts() {
      return options.facts();
    },

    async *stream(request, signal) {
      const enteredAt = request.arrivedAt ?? Date.now();
      const isVoice = request.priority === 'voice';
      let lease: EngineLease;
      let command: GenerateCommand;
      try {
        requireText(request.input);
        command = {
          ...toGenerateCommand(request, options.adapter, enteredAt, options.contextOverflow),
          ...(isVoice && { deliveryMs: delivery.milliseconds }),
        };
        lease = await acquireInTime(
          options.acquire,
          command.contextOverflow === 'sinks' ? 'sinks' : 'answer',
          request.keepAliveSeconds,
          request.deadlineAt,
          signal,
        );
      } catch (thrown) {
        yield { type: 'error', error: toNearfarError(thrown) };
        return;
      }
      try {
        const parts = lease.engine.generate(command, signal);
        yield* isVoice && request.isStreamed ? timed(parts, enteredAt, delivery) : parts;
      } finally {
        lease.release();
      }
    },

    async embed(request, signal) {
      if (options.adapter !== null) throw cannotEmbed(options.adapter.name);
      const { keepAliveSeconds, deadlineAt } = request;
      const lease = await acquireInTime(options.acquire, 'embed', keepAliveSeconds, deadlineAt, signal);
      try {
        return await lease.engine.embed(request.task, signal, deadlineAt);
      } finally {
        lease.release();
      }
    },

    async countTokens(input, signal) {
      requireText(input);
      const lease = await acquireInTime(options.acquire, 'answer', null, null, signal);
      try {
        return await lease.engine.countTokens(input, signal);
      } finally {
        lease.release();
      }
    },
  };
}

/** Notes when the reader has passed the first piece on: it asks for the next one then. */
async function* timed(
  parts: AsyncIterable<ChatPart>,
  enteredAt: number,
  delivery: VoiceDelivery,
): AsyncGenerator<ChatPart, void> {
  let passedOnAt: number | null = null;
  for await (const part of parts) {
    if (part.type === 'finish' && passedOnAt !== null && part.timings.promisedFirstTokenMs !== undefined)
      delivery.note(passedOnAt - enteredAt - part.timings.promisedFirstTokenMs);
    yield part;
    if (passedOnAt === null && isDelta(part)) passedOnAt = Date.now();
  }
}

/** Vectors of an adapter would not be comparable with its model's, and giving the model's for them would be a lie. */
function cannotEmbed(name: string): NearfarError {
  return new NearfarError(
    'unsupported',
    `${name} is a LoRA adapter: it changes answers. Ask its model for vectors and scores.`,
    { field: 'model' },
  );
}

/** Waiting for a model to make room is part of the request: it ends with the client and at the deadline. */
async function acquireInTime(
  acquire: LocalModelOptions['acquire'],
  use: EngineUse,
  keepAliveSeconds: number | null,
  deadlineAt: number | null,
  signal: AbortSignal | undefined,
): Promise<EngineLease> {
  const over = alreadyOver(signal, deadlineAt);
  if (over !== null) throw over;
  const stop = new AbortController();
  const unguard = guardJob(signal, deadlineAt, (error) => {
    stop.abort(error);
  });
  try {
    return await acquire(keepAliveSeconds, stop.signal, use);
  } finally {
    unguard();
  }
}

import { singleEnd } from '../answer/single-end.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { collectAnswer } from '../http/collected-answer.ts';
import { askedPrompt } from '../route/asked-prompt.ts';
import { askInTurn } from './ask-in-turn.ts';
import type { BackendSource } from './backend.ts';
import { createBackendPool } from './backend-pool.ts';
import { builtIn } from './built-in/source.ts';
import { chatRequest } from './chat-request.ts';
import { gateway } from './gateway/source.ts';
import type {
  CallOptions,
  Near,
  NearAnswer,
  NearInput,
  NearOptions,
  NearStatus,
  NearStream,
  PageDecision,
  PrepareOptions,
  TokenCount,
} from './near.ts';
import { openAiFacade } from './openai-facade.ts';
import { pageEnvironment } from './page-environment.ts';
import { createPagePrivacy } from './page-privacy.ts';
import type { TaintStorage } from './page-judge.ts';
import { planRequest, type PlanSetup } from './plan-request.ts';

/** Milliseconds that a backend has to end by itself after an abort. */
const graceMs = 1_000;
const notAborted = new AbortController().signal;

/**
 * One client that answers in the page when it can and through the gateway when it must.
 * @throws NearfarError `invalid_request` where the options contradict each other
 */
export function createNear(options: NearOptions = {}): Near {
  const { environment = pageEnvironment(), policy = {}, privacy: privacyOptions = {} } = options;
  checkOptions(options);
  const sources: readonly BackendSource[] = [
    ...(options.backends ?? [builtIn()]),
    ...(options.gateway === undefined ? [] : [gateway(options.gateway)]),
  ];
  const pool = createBackendPool(sources, (progress) => options.onProgress?.(progress));
  const privacy = createPagePrivacy({
    options: privacyOptions,
    isClosed: sources.every(({ boundary }) => boundary === 'machine'),
    storage: pageStorage(),
  });
  const plan: PlanSetup = { pool, environment, privacy, policy, difficultyOf };

  function stream(input: NearInput, call: CallOptions = {}): NearStream {
    const abort = new AbortController();
    const signal = call.signal === undefined ? abort.signal : AbortSignal.any([call.signal, abort.signal]);
    let settle: (decision: PageDecision) => void = () => undefined;
    let fail: (error: NearfarError) => void = () => undefined;
    const route = new Promise<PageDecision>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    // Who does not ask for it need not handle it.
    route.catch(() => undefined);
    const parts = singleEnd({
      open: async (inner) => {
        const planned = await planRequest(plan, requestOf(input, call, true), call.backend);
        return askInTurn({ pool, privacy, onRoute: settle }, planned, inner);
      },
      choiceCount: 1,
      signal,
      deadlineAt: null,
      graceMs,
      onPart: () => undefined,
      onEnd: (last) => {
        if (last.type === 'error') fail(last.error);
      },
    });
    // Begun at once, so that the route is known to who waits for it before he reads.
    let first: ReturnType<typeof parts.next> | null = parts.next();
    const iterator: AsyncIterator<ChatPart, undefined> = {
      next() {
        const next = first ?? parts.next();
        first = null;
        return next;
      },
      return: async () => (await parts.return?.()) ?? { done: true, value: undefined },
    };
    return {
      [Symbol.asyncIterator]: () => iterator,
      route,
      abort: () => {
        abort.abort();
      },
    };
  }

  async function chat(input: NearInput, call: CallOptions = {}): Promise<NearAnswer> {
    const answer = stream(input, call);
    const parts: ChatPart[] = [];
    for await (const part of answer) parts.push(part);
    const { model, choices, usage, timings } = collectAnswer(parts, 1);
    const choice = choices[0];
    if (choice === undefined) throw new NearfarError('internal', 'The answer has no choice.');
    const { text, reasoning, calls, reason } = choice;
    const isFormed = asksForForm(input) && calls.length === 0;
    return {
      text,
      reasoning,
      toolCalls: calls.map(({ id, name, arguments: given }) => ({ id, name, arguments: given })),
      value: isFormed ? parsed(text, reason) : undefined,
      finishReason: reason,
      model,
      usage,
      timings,
      route: await answer.route,
    };
  }

  async function countTokens(input: NearInput, call: CallOptions = {}): Promise<TokenCount> {
    const { input: prompt, ...request } = requestOf(input, call, false);
    for (const { name, boundary, availability } of await pool.look()) {
      const isWanted = call.backend === undefined ? boundary === 'machine' : name === call.backend;
      // Counting must not load a model, nor send the text anywhere.
      if (!isWanted || boundary !== 'machine' || availability.state !== 'ready') continue;
      const backend = await pool.open(name);
      if (backend.countTokens === undefined) continue;
      const count = await backend.countTokens(prompt, call.signal ?? notAborted);
      return { count, isExact: true, backend: name };
    }
    const { promptTokenCount } = askedPrompt({ ...request, input: prompt });
    return { count: promptTokenCount, isExact: false, backend: null };
  }

  async function status(): Promise<NearStatus> {
    const [backends, device] = await Promise.all([pool.look(), environment.read()]);
    const free = device.storage === null ? null : device.storage.quotaBytes - device.storage.usedBytes;
    return {
      backends: backends.map((backend) => {
        const { availability } = backend;
        const bytes = availability.state === 'unavailable' ? null : availability.downloadBytes;
        return { ...backend, fits: bytes === null || bytes === 0 || free === null ? null : bytes <= free };
      }),
      ...(privacy.fault === null ? {} : { privacyFault: privacy.fault }),
      environment: { ...device, speeds: new Map(pool.speeds) },
      loading: new Map(pool.loading),
    };
  }

  async function prepare(wanted: PrepareOptions = {}): Promise<void> {
    const { prepareBackend } = await import('./prepare-backend.ts');
    // What is needed to go on offline: the model, the detectors and the weights of the difficulty.
    await Promise.all([
      prepareBackend(pool, await status(), wanted),
      privacy.prepare().catch(() => undefined),
      difficultyOf(''),
    ]);
  }

  const near: Near = {
    chat,
    stream,
    embed: async (texts, call) => (await import('./vectors.ts')).embedTexts(plan, texts, call),
    search: async (query, texts, call) =>
      (await import('./vectors.ts')).searchTexts(plan, query, texts, call),
    countTokens,
    status,
    prepare,
    async explain(input, call = {}) {
      return (await planRequest(plan, requestOf(input, call, true), call.backend)).decision;
    },
    async summarize(text, task) {
      return (await import('./tasks.ts')).summarize(near, text, task);
    },
    async translate(text, task) {
      return (await import('./tasks.ts')).translate(near, text, task);
    },
    async rewrite(text, task) {
      return (await import('./tasks.ts')).rewrite(near, text, task);
    },
    get openai() {
      return openAiFacade(near);
    },
    watch(listener) {
      const ends = [pool.watch(listener), environment.watch(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
    dispose: () => pool.dispose(),
  };
  return near;
}

/** The gateway's difficulty model, as a chunk of its own. Null where it cannot be loaded. */
async function difficultyOf(text: string): Promise<number | null> {
  try {
    const { createDifficulty } = await import('../route/difficulty/create-difficulty.ts');
    return createDifficulty()(text);
  } catch {
    return null;
  }
}

function requestOf(input: NearInput, call: CallOptions, isStreamed: boolean): ReturnType<typeof chatRequest> {
  try {
    return chatRequest(input, call, isStreamed);
  } catch (thrown) {
    if (thrown instanceof NearfarError) throw thrown;
    throw new NearfarError('invalid_request', 'The request has not the form of a chat.', { cause: thrown });
  }
}

function checkOptions({ policy = {}, privacy = {} }: NearOptions): void {
  const inRange = (field: string, value: number | undefined, most: number): void => {
    if (value !== undefined && !(value >= 0 && value <= most)) {
      throw new NearfarError('invalid_request', `${field}: expected a number from 0 to ${String(most)}.`, {
        field,
      });
    }
  };
  inRange('policy.nearBelow', policy.nearBelow, 1);
  inRange('policy.minBattery', policy.minBattery, 1);
  inRange('policy.minTokensPerSecond', policy.minTokensPerSecond, 1e6);
  for (const term of privacy.terms ?? []) {
    // As the detectors compile it: a term that they cannot read must not be found out when it is needed.
    if (typeof term !== 'string') new RegExp(term.source, 'giu');
  }
}

function asksForForm(input: NearInput): boolean {
  if (typeof input === 'string' || !('messages' in input)) return false;
  const { response_format: format } = input;
  return format !== undefined && format.type !== 'text';
}

function parsed(text: string, reason: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw new NearfarError(
      'upstream_failed',
      reason === 'length'
        ? 'The answer was cut at its bound of tokens before its JSON was whole.'
        : 'The answer is no JSON, though that was asked for.',
      { cause: thrown },
    );
  }
}

/** Null where there is none, or the page may not have it. */
function pageStorage(): TaintStorage | null {
  try {
    return (globalThis as { readonly localStorage?: TaintStorage }).localStorage ?? null;
  } catch {
    return null;
  }
}

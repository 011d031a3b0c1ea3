import type { ModelAvailability, ModelGlobals, ModelMessage, SessionOptions } from './language-model.ts';

/**
 * A double of Chrome's Prompt API that follows its draft (webmachinelearning/prompt-api, as of 2026): states, progress, roles,
 * constraints, quota and aborts, as far as the backend relies on them. No browser here has a model to try it with.
 */
export interface FakeModel {
  readonly globals: ModelGlobals;
  readonly sessions: FakeSession[];
  state: ModelAvailability;
}

export interface FakeSession {
  readonly options: SessionOptions;
  readonly prompts: (readonly ModelMessage[] | string)[];
  readonly constraints: unknown[];
  isDestroyed: boolean;
}

export interface FakeModelSetup {
  readonly state?: ModelAvailability;
  readonly pieces?: readonly string[];
  readonly contextWindow?: number;
  /** Thrown by `create` or in the middle of the stream. */
  readonly createFails?: DOMException | Error;
  readonly promptFails?: DOMException | Error;
  /** Kinds of input that it takes beside text. */
  readonly media?: readonly ('image' | 'audio')[];
  readonly isExtension?: boolean;
  /** Waits until it is told to stop. */
  readonly hangs?: boolean;
}

const countOf = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, { content }) => sum + JSON.stringify(content).length, 0);

export function fakeModel(setup: FakeModelSetup = {}): FakeModel {
  const { pieces = ['Hel', 'lo'], contextWindow = 6_000, media = [] } = setup;
  const fake: FakeModel = { globals: {}, sessions: [], state: setup.state ?? 'available' };

  // Errors are rejections.
  // eslint-disable-next-line @typescript-eslint/require-await
  const create = async (options: SessionOptions = {}) => {
    options.signal?.throwIfAborted();
    if (setup.createFails !== undefined) throw setup.createFails;
    // Draft, "create an AI model object": at least the events 0 and 1.
    const monitor = new EventTarget();
    options.monitor?.(monitor);
    for (const loaded of [0, 0.5, 1])
      monitor.dispatchEvent(Object.assign(new Event('downloadprogress'), { loaded, total: 1 }));
    fake.state = 'available';
    const { initialPrompts = [] } = options;
    // Only the first may be the system's.
    if (initialPrompts.slice(1).some(({ role }) => role === 'system'))
      throw new TypeError('system must be first');
    const initial = countOf(initialPrompts);
    if (initial > contextWindow) {
      throw Object.assign(new DOMException('too large', 'QuotaExceededError'), {
        requested: initial,
        quota: contextWindow,
      });
    }
    if (options.temperature !== undefined && options.samplingMode !== undefined)
      throw new TypeError('one of the two');
    if ((options.temperature === undefined) !== (options.topK === undefined))
      throw new DOMException('both or none', 'NotSupportedError');
    const session: FakeSession = { options, prompts: [], constraints: [], isDestroyed: false };
    fake.sessions.push(session);
    let usage = initial;
    return {
      get contextUsage() {
        return usage;
      },
      contextWindow,
      measureContextUsage: (prompt: readonly ModelMessage[]) => Promise.resolve(countOf(prompt)),
      async *promptStreaming(
        prompt: readonly ModelMessage[] | string,
        {
          responseConstraint,
          signal,
        }: { readonly responseConstraint?: unknown; readonly signal?: AbortSignal } = {},
      ) {
        if (session.isDestroyed) throw new DOMException('destroyed', 'InvalidStateError');
        if (typeof prompt !== 'string' && prompt.some(({ role }) => role === 'system')) {
          throw new DOMException('no system here', 'NotSupportedError');
        }
        session.prompts.push(prompt);
        session.constraints.push(responseConstraint);
        usage += typeof prompt === 'string' ? prompt.length : countOf(prompt);
        for (const piece of pieces) {
          signal?.throwIfAborted();
          usage += piece.length;
          yield piece;
        }
        if (setup.promptFails !== undefined) throw setup.promptFails;
        if (setup.hangs === true) {
          signal?.throwIfAborted();
          await new Promise((_, reject) => {
            signal?.addEventListener('abort', () => {
              reject(new DOMException('stopped', 'AbortError'));
            });
          });
        }
      },
      destroy() {
        session.isDestroyed = true;
      },
    };
  };

  const availability = ({ expectedInputs = [] }: SessionOptions = {}): Promise<ModelAvailability> =>
    Promise.resolve(
      expectedInputs.some(({ type }) => type !== 'text' && !media.includes(type))
        ? 'unavailable'
        : fake.state,
    );
  const params = () => Promise.resolve({ defaultTopK: 3, maxTemperature: 2 });
  Object.assign(fake.globals, {
    LanguageModel: { create, availability, ...(setup.isExtension === true ? { params } : {}) },
  });
  return fake;
}

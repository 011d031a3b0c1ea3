import type { BackendSource } from '../../browser/backend.ts';
import { nativeBackend } from '../native-backend.ts';
import type { NativeEnd, NativeModel } from '../native-model.ts';
import { optionalModule } from '../optional-module.ts';
import { statedOptions, textTurns } from '../turns.ts';
import type { ApplePackage, FoundationModelsModule } from './foundation-models-module.ts';

export interface FoundationModelsOptions {
  /** @default 'apple' */
  readonly name?: string;
  /**
   * Makes vectors too, by Apple's NLContextualEmbedding for this language (BCP 47), whose assets `prepare` fetches. Absent: none.
   */
  readonly embedsIn?: string;
}

const who = 'Apple’s model';
/** Tokens of a session, by Apple's technote TN3193; the framework of iOS 26.0 does not tell. */
const contextTokenCount = 4096;

/**
 * Apple's Foundation Models (iOS 26 and later, on devices with Apple Intelligence), through `@react-native-ai/apple`.
 * @param given the package, or what imports it: `() => import('@react-native-ai/apple')`, on iOS only
 */
export function foundationModels(
  given: ApplePackage | (() => Promise<ApplePackage>),
  { name = 'apple', embedsIn }: FoundationModelsOptions = {},
): BackendSource<'machine'> {
  return nativeBackend(name, async () =>
    modelOf(await optionalModule(given, '@react-native-ai/apple'), name, embedsIn ?? null),
  );
}

function modelOf(
  { AppleFoundationModels: module, AppleEmbeddings: embeddings }: ApplePackage,
  name: string,
  language: string | null,
): NativeModel {
  const vectors = language === null || embeddings === undefined ? null : { embeddings, language };
  return {
    name,
    boundsTokens: true,
    // A session a request: the framework runs them itself, one after another.
    isConcurrent: true,
    detect() {
      const reason = reasonAgainst(module);
      if (reason !== null) return Promise.resolve({ state: 'unavailable', reason });
      return Promise.resolve({
        state: 'ready',
        model: 'apple-foundation-models',
        downloadBytes: 0,
        can: {
          streaming: true,
          // The module has no JSON while it streams.
          schema: false,
          tools: false,
          images: false,
          audio: false,
          embeddings: vectors !== null,
          chat: true,
          tokenCounts: 'none',
          contextTokenCount,
        },
        note: null,
      });
    },
    async load(tell) {
      const reason = reasonAgainst(module);
      if (reason !== null) throw new Error(`MODEL_UNAVAILABLE: ${reason}`);
      if (vectors === null) return;
      tell({ phase: 'download', loadedBytes: null, totalBytes: null, fraction: 0 });
      const { hasAvailableAssets } = await vectors.embeddings.getInfo(vectors.language);
      if (!hasAvailableAssets) await vectors.embeddings.prepare(vectors.language);
    },
    generate(request, say, signal) {
      const turns = textTurns(request.input, who);
      const options = statedOptions(
        request,
        { temperature: 'temperature', topP: 'topP', topK: 'topK' } as const,
        who,
      );
      return streamed(
        module,
        turns.map(({ role, content }) => ({ role, content })),
        { ...options, ...(request.maxTokenCount === null ? {} : { maxTokens: request.maxTokenCount }) },
        (text) => {
          say({ type: 'text', text });
        },
        signal,
      );
    },
    ...(vectors === null
      ? {}
      : {
          async embed(texts: readonly string[]) {
            return {
              vectors: await vectors.embeddings.generateEmbeddings([...texts], vectors.language),
              pooling: 'mean' as const,
              promptTokenCount: null,
            };
          },
        }),
    dispose: () => Promise.resolve(),
  };
}

/** What a person can do about it; null: it can be used. */
function reasonAgainst(module: FoundationModelsModule): string | null {
  if (module.isAvailable()) return null;
  const told = module.getAvailability?.() ?? 'unknown';
  return (
    reasons[told] ??
    'Apple’s model cannot be used: it needs iOS 26 or later and a device with Apple Intelligence, turned on in Settings and loaded.'
  );
}

const reasons: Readonly<Record<string, string>> = {
  deviceNotEligible: 'This device has no Apple Intelligence.',
  appleIntelligenceNotEnabled: 'Apple Intelligence is turned off: it is turned on in Settings.',
  modelNotReady: 'The system is still loading Apple’s model.',
  unsupportedOS: 'Apple’s model needs iOS 26 or later.',
};

function streamed(
  module: FoundationModelsModule,
  messages: Parameters<FoundationModelsModule['generateStream']>[0],
  options: Parameters<FoundationModelsModule['generateStream']>[1],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<NativeEnd> {
  return new Promise((resolve, reject) => {
    let id: string | null = null;
    let said = '';
    /** Events that came before the stream's id did. */
    const early: { readonly streamId: string; readonly act: () => void }[] = [];
    const forMine =
      <Event extends { readonly streamId: string }>(act: (event: Event) => void) =>
      (event: Event): void => {
        if (id === null) {
          early.push({
            streamId: event.streamId,
            act: () => {
              act(event);
            },
          });
        } else if (event.streamId === id) act(event);
      };
    const finish = (settle: () => void): void => {
      for (const subscription of subscriptions) subscription.remove();
      signal.removeEventListener('abort', cancel);
      settle();
    };
    const subscriptions = [
      module.onStreamUpdate(
        forMine(({ content }) => {
          // A snapshot may take something back; what was shown stays.
          if (content.length <= said.length) return;
          say(content.slice(said.length));
          said = content;
        }),
      ),
      module.onStreamComplete(
        forMine(() => {
          finish(() => {
            resolve({
              reason: 'stop',
              promptTokenCount: null,
              cachedTokenCount: null,
              completionTokenCount: null,
            });
          });
        }),
      ),
      module.onStreamError(
        forMine(({ error }) => {
          finish(() => {
            reject(new Error(error));
          });
        }),
      ),
    ];
    const cancel = (): void => {
      if (id !== null) module.cancelStream(id);
      finish(() => {
        reject(new Error('INFERENCE_CANCELLED'));
      });
    };
    signal.addEventListener('abort', cancel);
    try {
      id = module.generateStream(messages, options);
    } catch (thrown) {
      finish(() => {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
      return;
    }
    const own = id;
    for (const { streamId, act } of early) if (streamId === own) act();
    if (signal.aborted) cancel();
  });
}

import type { BackendSource } from '../../browser/backend.ts';
import { NearfarError } from '../../chat/error.ts';
import { nativeBackend } from '../native-backend.ts';
import type { NativeModel } from '../native-model.ts';
import { optionalModule } from '../optional-module.ts';
import { statedOptions, textTurns } from '../turns.ts';
import type { ExpoAiKit } from './expo-ai-kit-module.ts';

export interface GeminiNanoOptions {
  /** @default 'gemini-nano' */
  readonly name?: string;
}

const who = 'Gemini Nano';
/** The system's model among those of the package. */
const systemModel = 'mlkit';

/**
 * Android's Gemini Nano (AICore, through ML Kit's GenAI Prompt API), through `expo-ai-kit` 0.14 or later.
 * @param given the package, or what imports it: `() => import('expo-ai-kit')`, on Android only
 */
export function geminiNano(
  given: ExpoAiKit | (() => Promise<ExpoAiKit>),
  { name = 'gemini-nano' }: GeminiNanoOptions = {},
): BackendSource<'machine'> {
  return nativeBackend(name, async () => modelOf(await optionalModule(given, 'expo-ai-kit'), name));
}

function modelOf(kit: ExpoAiKit, name: string): NativeModel {
  let isReady = false;
  let isLoading = false;

  async function prepare(): Promise<void> {
    if (kit.prepareBuiltInModel === undefined) throw tooOld();
    const active = kit.getActiveModel?.() ?? systemModel;
    if (active !== systemModel) {
      throw new NearfarError(
        'unavailable',
        `The app has made ${active} the active model of expo-ai-kit; Gemini Nano is ${systemModel}.`,
      );
    }
    isLoading = true;
    try {
      await kit.prepareBuiltInModel();
      isReady = true;
    } finally {
      isLoading = false;
    }
  }

  return {
    name,
    boundsTokens: false,
    isConcurrent: false,
    async detect() {
      if (kit.prepareBuiltInModel === undefined) return { state: 'unavailable', reason: tooOld().message };
      if (!(await kit.isAvailable())) {
        return {
          state: 'unavailable',
          reason: 'This device has no Gemini Nano (it needs AICore, on Android 8 or later).',
        };
      }
      const models = (await kit.getBuiltInModels?.()) ?? [];
      const contextTokenCount = models.find(({ id }) => id === systemModel)?.contextWindow ?? null;
      return {
        state: isReady ? 'ready' : isLoading ? 'downloading' : 'downloadable',
        model: 'gemini-nano',
        downloadBytes: isReady ? 0 : null,
        can: {
          streaming: true,
          schema: false,
          tools: false,
          images: false,
          audio: false,
          embeddings: false,
          chat: true,
          tokenCounts: 'none',
          contextTokenCount,
        },
        note: isReady
          ? null
          : 'Android does not say whether Gemini Nano is already here: call prepare() once, which is done at once where it is.',
      };
    },
    async load(tell) {
      if (isReady) return;
      tell({ phase: 'download', loadedBytes: null, totalBytes: null, fraction: 0 });
      await prepare();
    },
    async generate(request, say, signal) {
      const turns = textTurns(request.input, who);
      // It has none: what was set and would change the answer is an error.
      statedOptions(request, {}, who);
      if (signal.aborted) throw new Error('INFERENCE_CANCELLED');
      // Where the model is not there yet, the package says so: a request starts no download.
      const stream = kit.streamMessage(
        turns.map(({ role, content }) => ({ role, content })),
        ({ token }) => {
          if (token !== '') say({ type: 'text', text: token });
        },
      );
      const stop = (): void => {
        stream.stop();
      };
      signal.addEventListener('abort', stop);
      try {
        await stream.promise;
        return {
          reason: 'stop',
          promptTokenCount: null,
          cachedTokenCount: null,
          completionTokenCount: null,
        };
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    dispose: () => Promise.resolve(),
  };
}

function tooOld(): NearfarError {
  return new NearfarError(
    'unavailable',
    'This version of expo-ai-kit hides failures of the model: 0.14 or later is needed.',
    { retryable: false },
  );
}

import { builtInError } from './error.ts';

/**
 * Chrome's APIs for single tasks, by their drafts (https://webmachinelearning.github.io/writing-assistance-apis/ and
 * https://webmachinelearning.github.io/translation-api/). Used only where they are ready: none starts a download.
 */

interface Destroyable {
  destroy?(): void;
}
interface Factory<Made extends Destroyable> {
  availability(options?: object): Promise<string>;
  create(options?: object): Promise<Made>;
}

interface Writes extends Destroyable {
  summarize?(text: string, options?: object): Promise<string>;
  rewrite?(text: string, options?: object): Promise<string>;
  translate?(text: string, options?: object): Promise<string>;
}
interface Detects extends Destroyable {
  detect(
    text: string,
    options?: object,
  ): Promise<readonly { readonly detectedLanguage: string | null; readonly confidence: number }[]>;
}

export interface TaskGlobals {
  readonly Summarizer?: Factory<Writes>;
  readonly Rewriter?: Factory<Writes>;
  readonly Translator?: Factory<Writes>;
  readonly LanguageDetector?: Factory<Detects>;
}

export type WritingTask = 'Summarizer' | 'Rewriter' | 'Translator';
const methods = { Summarizer: 'summarize', Rewriter: 'rewrite', Translator: 'translate' } as const;

/**
 * @returns null where the browser has no such API, or not yet for these options
 * @throws NearfarError where it was ready and failed
 */
export async function byBrowser(
  task: WritingTask,
  text: string,
  create: object,
  call: { readonly context?: string; readonly signal?: AbortSignal },
  globals: TaskGlobals = globalThis as TaskGlobals,
): Promise<string | null> {
  const factory = globals[task];
  if (factory === undefined || !(await isReady(factory, create))) return null;
  const { signal, context } = call;
  const signalled = signal === undefined ? {} : { signal };
  try {
    const made = await factory.create({ ...create, ...signalled });
    try {
      const given = task === 'Translator' || context === undefined ? signalled : { ...signalled, context };
      return (await made[methods[task]]?.(text, given)) ?? null;
    } finally {
      made.destroy?.();
    }
  } catch (thrown) {
    throw builtInError(thrown);
  }
}

/** The likeliest language of a text, as BCP 47; null where nobody is sure enough or can tell. */
export async function detectedLanguage(
  text: string,
  globals: TaskGlobals = globalThis as TaskGlobals,
): Promise<string | null> {
  const { LanguageDetector } = globals;
  if (LanguageDetector === undefined || !(await isReady(LanguageDetector, {}))) return null;
  try {
    const detector = await LanguageDetector.create();
    try {
      const [best] = await detector.detect(text);
      // Below one half it is a guess.
      return best === undefined || best.confidence < 0.5 ? null : best.detectedLanguage;
    } finally {
      detector.destroy?.();
    }
  } catch {
    return null;
  }
}

async function isReady(factory: Factory<Destroyable>, options: object): Promise<boolean> {
  try {
    return (await factory.availability(options)) === 'available';
  } catch {
    return false;
  }
}

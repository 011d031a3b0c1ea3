/**
 * The Prompt API as far as it is used, by the draft of the W3C's Web Machine Learning group
 * (https://webmachinelearning.github.io/prompt-api/), with the names that it had before.
 */

export type ModelAvailability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

export interface ModelContent {
  readonly type: 'text' | 'image' | 'audio';
  readonly value: unknown;
}

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string | readonly ModelContent[];
  /** Of a last message of the assistant: it is continued. */
  readonly prefix?: boolean;
}

export interface ExpectedContent {
  readonly type: 'text' | 'image' | 'audio';
  readonly languages?: readonly string[];
}

export interface SessionOptions {
  readonly initialPrompts?: readonly ModelMessage[];
  readonly expectedInputs?: readonly ExpectedContent[];
  readonly expectedOutputs?: readonly ExpectedContent[];
  /** Extensions only, and both or neither. */
  readonly temperature?: number;
  readonly topK?: number;
  /** Pages of today. */
  readonly samplingMode?: 'most-predictable' | 'predictable' | 'balanced' | 'creative' | 'most-creative';
  readonly signal?: AbortSignal;
  readonly monitor?: (monitor: EventTarget) => void;
}

export interface PromptOptions {
  readonly responseConstraint?: unknown;
  readonly signal?: AbortSignal;
}

export interface ModelSession {
  promptStreaming(prompt: readonly ModelMessage[] | string, options?: PromptOptions): AsyncIterable<string>;
  measureContextUsage?(prompt: readonly ModelMessage[]): Promise<number>;
  readonly contextUsage?: number;
  readonly contextWindow?: number;
  /** Before Chrome renamed them. */
  measureInputUsage?(prompt: readonly ModelMessage[]): Promise<number>;
  readonly inputUsage?: number;
  readonly inputQuota?: number;
  /** In the first versions. */
  readonly tokensSoFar?: number;
  readonly maxTokens?: number;
  destroy(): void;
}

export interface ModelApi {
  availability(options?: SessionOptions): Promise<ModelAvailability>;
  create(options?: SessionOptions): Promise<ModelSession>;
  /** Where raw sampling parameters count. */
  params?(): Promise<{ readonly defaultTopK: number; readonly maxTemperature: number } | null>;
  /** True of `window.ai`: a system prompt of its own, text only, and streams that may repeat what they said. */
  readonly isOld: boolean;
}

interface OldFactory {
  availability?(options?: SessionOptions): Promise<string>;
  capabilities?(): Promise<{ readonly available: string }>;
  create(options?: object): Promise<ModelSession>;
}

export interface ModelGlobals {
  readonly LanguageModel?: Omit<ModelApi, 'isOld'>;
  readonly ai?: { readonly languageModel?: OldFactory; readonly assistant?: OldFactory };
}

/** Null: this browser has none of them. */
export function findModelApi(globals: ModelGlobals): ModelApi | null {
  const { LanguageModel, ai } = globals;
  if (LanguageModel !== undefined) {
    return {
      availability: (options) => LanguageModel.availability(options),
      create: (options) => LanguageModel.create(options),
      ...(typeof LanguageModel.params === 'function'
        ? { params: () => LanguageModel.params?.() ?? Promise.resolve(null) }
        : {}),
      isOld: false,
    };
  }
  const old = ai?.languageModel ?? ai?.assistant;
  if (old === undefined) return null;
  return {
    async availability() {
      const told = (await old.availability?.()) ?? (await old.capabilities?.())?.available ?? 'no';
      return oldStates[told] ?? 'unavailable';
    },
    create({ initialPrompts = [], signal, monitor, temperature, topK } = {}) {
      const [first, ...rest] = initialPrompts;
      const system = first?.role === 'system' ? first : null;
      return old.create({
        ...(system === null ? {} : { systemPrompt: system.content }),
        initialPrompts: system === null ? initialPrompts : rest,
        ...(signal === undefined ? {} : { signal }),
        ...(monitor === undefined ? {} : { monitor }),
        ...(temperature === undefined ? {} : { temperature, topK }),
      });
    },
    isOld: true,
  };
}

const oldStates: Readonly<Record<string, ModelAvailability>> = {
  readily: 'available',
  'after-download': 'downloadable',
  available: 'available',
  downloadable: 'downloadable',
  downloading: 'downloading',
};

/** A DOMException's name, or an error's. */
export function errorName(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && typeof thrown.name === 'string'
    ? thrown.name
    : '';
}

/**
 * The native module of `@react-native-ai/apple` (Callstack, MIT) as far as it is used, as its version 0.12.0 declares it
 * (`AppleFoundationModels`, src/NativeAppleLLM.ts) and implements it (ios/AppleLLMImpl.swift).
 */
export interface FoundationModelsModule {
  isAvailable(): boolean;
  /** In versions after 0.12: why not, in the words of `SystemLanguageModel.Availability`. */
  getAvailability?(): string;
  /**
   * Starts at once. Where the model is unavailable, `onStreamError` may come before this returns.
   * @returns the stream's id. @throws where iOS is too old
   */
  generateStream(messages: FoundationMessage[], options: FoundationOptions): string;
  /** No event comes after it, or an error event. */
  cancelStream(streamId: string): void;
  readonly onStreamUpdate: Subscribe<{
    readonly streamId: string;
    /** Everything that was written so far: Foundation Models streams snapshots. */
    readonly content: string;
  }>;
  readonly onStreamComplete: Subscribe<{ readonly streamId: string }>;
  readonly onStreamError: Subscribe<{ readonly streamId: string; readonly error: string }>;
}

export type Subscribe<Event> = (listener: (event: Event) => void) => { remove(): void };

export interface FoundationMessage {
  role: 'assistant' | 'system' | 'user';
  content: string;
}

export interface FoundationOptions {
  temperature?: number;
  maxTokens?: number;
  /** Without it and `topK` the most likely token is taken always. Not both. */
  topP?: number;
  topK?: number;
}

/** Its embedding module (src/NativeAppleEmbeddings.ts): Apple's NLContextualEmbedding, by language. */
export interface AppleEmbeddingsModule {
  getInfo(language: string): Promise<{ readonly hasAvailableAssets: boolean; readonly dimension: number }>;
  /** Fetches the language's assets. */
  prepare(language: string): Promise<void>;
  generateEmbeddings(values: string[], language: string): Promise<number[][]>;
}

/** What the package exports. */
export interface ApplePackage {
  readonly AppleFoundationModels: FoundationModelsModule;
  readonly AppleEmbeddings?: AppleEmbeddingsModule;
}

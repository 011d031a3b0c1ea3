/**
 * What `expo-ai-kit` (MIT) exports, as far as it is used, as its version 0.14.0 declares and implements it (src/index.ts,
 * android/…/PromptApiClient.kt): on Android it asks Gemini Nano in AICore through ML Kit's GenAI Prompt API.
 */
export interface ExpoAiKit {
  /** True also where the model must be downloaded first. */
  isAvailable(): Promise<boolean>;
  /**
   * Makes the system's model ready, which downloads it where it is not there; at once where it is. Tells no progress. Versions
   * before 0.14 have it not, and answer failures with an empty text.
   * @throws ModelError `DOWNLOAD_FAILED`, `DEVICE_NOT_SUPPORTED`
   */
  prepareBuiltInModel?(): Promise<void>;
  getBuiltInModels?(): Promise<
    readonly {
      readonly id: string;
      readonly available: boolean;
      readonly platform: string;
      readonly contextWindow: number;
    }[]
  >;
  /** Which model answers: the system's is `mlkit`. */
  getActiveModel?(): string;
  /** One at a time: another one is refused with `INFERENCE_BUSY`. Takes no options of sampling. */
  streamMessage(
    messages: { role: 'system' | 'user' | 'assistant'; content: string }[],
    onToken: (event: {
      readonly token: string;
      readonly accumulatedText: string;
      readonly isDone: boolean;
    }) => void,
  ): {
    /** Settles when it is through or was stopped. @throws ModelError */
    readonly promise: Promise<{ readonly text: string }>;
    stop(): void;
  };
}

/** A model as WebLLM's `ModelRecord` names it. State `integrity`, so that what comes is checked. */
export interface WebLlmRecord {
  readonly model_id: string;
  /** Address of the folder of the weights. */
  readonly model: string;
  /** Address of the compiled library (`.wasm`). */
  readonly model_lib: string;
  /** Subresource-integrity digests of the files; WebLLM refuses what differs. */
  readonly integrity?: Readonly<Record<string, unknown>>;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly required_features?: readonly string[];
}

export interface WebLlmOptions {
  /** A model of the page's own; or the id of one that WebLLM knows, which is then fetched from where WebLLM has it. */
  readonly model: string | WebLlmRecord;
  /** Bytes of the download, where they are known; for the page to show before it is begun. */
  readonly downloadBytes?: number;
  /** Tokens of context, where they are known. */
  readonly contextTokenCount?: number;
  /**
   * Starts the worker, where a bundler does not find it by itself.
   * @default `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`
   */
  readonly createWorker?: () => Worker;
}

/** What the worker is told: the options without what cannot be sent. */
export type WebLlmConfig = Omit<WebLlmOptions, 'createWorker'>;

export function idOfModel({ model }: Pick<WebLlmConfig, 'model'>): string {
  return typeof model === 'string' ? model : model.model_id;
}

/** Tabs share a model only where they load it alike. */
export function keyOfConfig(config: WebLlmConfig): string {
  return `webllm ${idOfModel(config)}`;
}

import type { ChatModel } from '../chat/model.ts';
import type { EngineStats, LoadedModel } from './protocol.ts';

export interface RunningModel {
  readonly id: string;
  readonly state: 'loading' | 'ready' | 'restarting';
  readonly loaded: LoadedModel | null;
  readonly stats: EngineStats | null;
  /** When keep-alive will unload it, at the earliest; `null` = never. */
  readonly expiresAt: Date | null;
  readonly restartCount: number;
  /** Of the engine's process; `null` while there is none. */
  readonly processId?: number | null;
}

/** The models that this machine runs: one engine child each, loaded on demand. */
export interface LocalModels {
  /** A handle; the weights are loaded by the first request or by `load`. @throws NearfarError `model_not_found` */
  model(id: string): Promise<ChatModel>;
  /**
   * Loads and waits until the first step has run. `keepAliveSeconds` as in ChatRequest: -1 = for ever,
   * `null` or absent = the configured default.
   */
  load(id: string, options?: { readonly keepAliveSeconds?: number | null }): Promise<LoadedModel>;
  running(): readonly RunningModel[];
  /** Waits for answers under way, then frees the weights. */
  unload(id: string): Promise<void>;
  close(): Promise<void>;
}

import type { Availability, Backend } from '../backend.ts';
import { hasOpfs, opfsDisk } from '../downloads/disk.ts';
import { findAdapter } from '../worker/gpu.ts';
import { leaderLock, readyLock } from '../worker/shared-engine.ts';
import { workerBackend } from '../worker/worker-backend.ts';
import { idOfModel, keyOfConfig, type WebLlmConfig, type WebLlmOptions } from './config.ts';
import { wasLoaded } from './loaded-mark.ts';

export function openWebLlm({ createWorker, ...config }: WebLlmOptions): Backend<'machine'> {
  return workerBackend<WebLlmConfig>({
    name: 'webllm',
    config,
    createWorker:
      createWorker ??
      (() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nearfar-webllm' })),
    detect: () => detect(config),
    has: { embeddings: false, tokenCounts: false },
  });
}

async function detect(config: WebLlmConfig): Promise<Availability> {
  if ((await findAdapter()) === null) return { state: 'unavailable', reason: 'This browser has no WebGPU.' };
  if (!hasOpfs()) {
    return {
      state: 'unavailable',
      reason: 'This page cannot keep model files: that needs https or localhost.',
    };
  }
  const held = new Set((await navigator.locks.query()).held?.map(({ name }) => name));
  const key = keyOfConfig(config);
  const about = {
    model: idOfModel(config),
    can: {
      streaming: true,
      schema: true,
      tools: false,
      images: false,
      audio: false,
      embeddings: false,
      chat: true,
      tokenCounts: 'none',
      contextTokenCount: config.contextTokenCount ?? null,
    },
    note: null,
  } as const;
  if (held.has(readyLock(key))) return { state: 'ready', ...about, downloadBytes: 0 };
  if (await wasLoaded(opfsDisk(), about.model)) return { state: 'downloaded', ...about, downloadBytes: 0 };
  const downloadBytes = config.downloadBytes ?? null;
  return { state: held.has(leaderLock(key)) ? 'downloading' : 'downloadable', ...about, downloadBytes };
}

import type { BackendSource } from '../backend.ts';
import type { WebLlmOptions } from './config.ts';

/** MLC's models in the page by WebGPU, through the optional peer dependency `@mlc-ai/web-llm`. */
export function webLlm(options: WebLlmOptions): BackendSource<'machine'> {
  return {
    name: 'webllm',
    boundary: 'machine',
    open: async () => (await import('./backend.ts')).openWebLlm(options),
  };
}

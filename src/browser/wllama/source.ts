import type { BackendSource } from '../backend.ts';
import type { WllamaOptions } from './config.ts';

/** llama.cpp in the page by WebAssembly or WebGPU, through the optional peer dependency `@wllama/wllama`. */
export function wllama(options: WllamaOptions): BackendSource<'machine'> {
  return {
    name: 'wllama',
    boundary: 'machine',
    open: async () => (await import('./backend.ts')).openWllama(options),
  };
}

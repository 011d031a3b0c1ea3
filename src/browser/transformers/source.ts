import type { BackendSource } from '../backend.ts';
import type { TransformersOptions } from './config.ts';

/** ONNX models in the page by WebAssembly or WebGPU, through the optional peer dependency `@huggingface/transformers`. */
export function transformers(options: TransformersOptions): BackendSource<'machine'> {
  return {
    name: 'transformers',
    boundary: 'machine',
    open: async () => (await import('./backend.ts')).openTransformers(options),
  };
}

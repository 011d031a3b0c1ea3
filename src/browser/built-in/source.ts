import type { BackendSource } from '../backend.ts';
import type { BuiltInOptions } from './backend.ts';

/** The browser's own model, where there is one: Chrome's and Edge's Prompt API. */
export function builtIn(options: BuiltInOptions = {}): BackendSource<'machine'> {
  return {
    name: 'built-in',
    boundary: 'machine',
    open: async () => (await import('./backend.ts')).createBuiltInBackend(options),
  };
}

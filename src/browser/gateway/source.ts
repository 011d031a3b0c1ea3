import type { BackendSource } from '../backend.ts';
import type { GatewayOptions } from '../near.ts';

/** The gateway as a backend: nearfar's, or any server that speaks OpenAI's API. */
export function gateway(options: GatewayOptions): BackendSource<'inside' | 'outside'> {
  const boundary = options.boundary ?? 'outside';
  return {
    name: 'gateway',
    boundary,
    open: async () => (await import('./backend.ts')).createGatewayBackend(options, boundary),
  };
}

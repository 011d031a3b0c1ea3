import type { UpstreamSetting } from './upstream-schema.ts';
import { upstreamSchema } from './upstream-schema.ts';

/**
 * The upstreams that a key in the environment adds. One whose name the settings hold already, or whose variable they use,
 * is the owner's to describe. OPENAI_BASE_URL and ANTHROPIC_BASE_URL are not looked at: they are for clients, and may well
 * name this gateway.
 */
export function environmentUpstreams(
  environment: Readonly<Record<string, string | undefined>>,
  configured: readonly UpstreamSetting[],
): readonly UpstreamSetting[] {
  return wellKnown
    .filter(({ name, env }) => {
      const isSet = environment[env] !== undefined && environment[env] !== '';
      return isSet && !configured.some((upstream) => upstream.name === name || upstream.env === env);
    })
    .map((upstream) => upstreamSchema.parse(upstream));
}

const wellKnown = [
  {
    name: 'openai',
    protocol: 'openai',
    preset: 'openai',
    env: 'OPENAI_API_KEY',
    baseUrl: 'https://api.openai.com/v1',
    models: ['gpt-6-sol', 'gpt-6-astra', 'gpt-6-luna'],
  },
  {
    name: 'anthropic',
    protocol: 'anthropic',
    env: 'ANTHROPIC_API_KEY',
    baseUrl: 'https://api.anthropic.com',
    models: ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-5-5'],
  },
] as const;

import { profileOption } from './settings.ts';

/** Takes about half a minute. */
export const defaultRequestCount = 3000;

/** Options of `nearfar privacy` that are for this. */
export const proveOptions = {
  requests: {
    type: 'string',
    placeholder: 'N',
    description: `prove: requests to ask, beside harmless ones (${defaultRequestCount})`,
  },
  seed: {
    type: 'string',
    placeholder: 'N',
    description: 'prove: ask the same again as a report with this seed',
  },
  profile: { ...profileOption.profile, description: `prove: ${profileOption.profile.description}` },
  out: { type: 'string', placeholder: 'FILE', description: 'prove: write the report there, in Markdown' },
} as const;

import { z } from 'zod';
import { keyModes, routeModes } from '../privacy/verdict.ts';

const name = z.string().min(1).max(200);

const pattern = z
  .string()
  .min(1)
  .max(1000)
  .refine(isPattern, 'expected a JavaScript regular expression (without slashes)');

function isPattern(source: string): boolean {
  try {
    // As own terms are compiled.
    return new RegExp(source, 'giu').test('') || true;
  } catch {
    return false;
  }
}

const term = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, dots, dashes or underscores')
    .describe('Stands in reason codes (own_term.NAME), audit rows and errors: not the word itself.'),
  words: z.array(z.string().min(1).max(200)).max(10_000).default([]),
  patterns: z.array(pattern).max(1000).default([]),
});

/** What must not leave this machine, and what happens to it. */
export const privacySchema = z.strictObject({
  detect: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether texts are read for what is somebody’s before they may leave. off: only what is marked local_only stays.',
    ),
  mode: z
    .enum(routeModes)
    .default('auto')
    .describe(
      'What happens to what must stay and asks for a model outside: local (the near model answers), redact (placeholders ' +
        'leave), block (403), or auto: local where the grade of the near model is assistant, else block.',
    ),
  modes: z
    .record(name, z.enum(routeModes))
    .default({})
    .describe('The same for single names that clients ask for (aliases, tiers, models), e.g. {far: redact}.'),
  keys: z
    .record(name, z.enum(keyModes))
    .default({})
    .describe(
      'The same for single keys by their names, before modes; open lets out what detectors find, e.g. {batch: open}.',
    ),
  terms: z
    .array(term)
    .max(1000)
    .default([])
    .describe(
      'Your own words that must stay, e.g. [{name: customers, words: [Initech], patterns: ["PRJ-\\\\d{4}"]}].',
    ),
  allowMedia: z
    .boolean()
    .default(false)
    .describe(
      'Whether pictures, sounds, files and prompts given as token ids may leave, which no detector here reads.',
    ),
  insideHosts: z
    .array(name)
    .max(1000)
    .default([])
    .describe(
      'Hosts of upstreams inside whose addresses are public ones and that are yours all the same, e.g. [llm.example.com]. ' +
        'What is inside gets everything.',
    ),
  floor: z
    .enum(['open', 'local_only'])
    .default('open')
    .describe('The loosest label of any request. local_only: nothing leaves your boundary.'),
  check: z
    .enum(['off', 'model'])
    .default('off')
    .describe(
      'model: what detectors let pass the near model reads too, before it may leave. Costs an answer of it each; what it is ' +
        'not sure of stays. See docs/privacy.md.',
    ),
});

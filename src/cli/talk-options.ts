import type { CommandOption, OptionValues } from './command.ts';
import type { TalkOptions } from './conversation.ts';

/** What `chat` and `run` share. */
export const talkOptionFlags: Readonly<Record<string, CommandOption>> = {
  model: {
    type: 'string',
    short: 'm',
    placeholder: 'NAME',
    description: 'Model, alias, auto or near (auto)',
  },
  system: { type: 'string', short: 's', placeholder: 'TEXT', description: 'System prompt' },
  'max-tokens': { type: 'string', placeholder: 'N', description: 'Longest answer, in tokens' },
  temperature: {
    type: 'string',
    short: 't',
    placeholder: 'X',
    description: 'From 0 (always the likeliest) to 2',
  },
  seed: { type: 'string', placeholder: 'N', description: 'The same seed gives the same answer' },
};

/** @throws UsageError naming the option that is out of range */
export function readTalkOptions(
  options: OptionValues,
): TalkOptions & { readonly system: string | undefined } {
  return {
    model: options.text('model') ?? 'auto',
    system: options.text('system'),
    maxTokens: options.number('max-tokens', { min: 1, max: 1_000_000 }),
    temperature: options.number('temperature', { min: 0, max: 2 }),
    seed: options.number('seed', { min: 0, max: Number.MAX_SAFE_INTEGER }),
  };
}

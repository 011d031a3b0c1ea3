import type { CommandOption } from './command.ts';

const number = (placeholder: string, description: string): CommandOption => ({
  type: 'string',
  placeholder,
  description,
});

/** Options of `nearfar plan`; each question reads its own. */
export const planOptions: Readonly<Record<string, CommandOption>> = {
  format: number('FORMAT', 'memory, speed, batch: format of the weights (default: all; of a file, its own)'),
  context: number('N', 'memory, speed, batch: tokens of context (default: 4096, or all that the model has)'),
  kv: number('TYPE', 'memory, speed, batch: type of the KV cache, f16, q8_0 or q4_0 (default: f16)'),
  device: number('NAME', 'speed, batch: a device of the table (default: this machine)'),
  prompt: number('N', 'speed, batch, cost: tokens of a prompt (default: 500)'),
  answer: number('N', 'speed, batch, cost: tokens of an answer (default: 200)'),
  'target-ms': number('N', 'batch: most milliseconds between two tokens (default: 100)'),
  acceptance: number('SHARE', 'draft: probability that a drafted token is accepted, 0 to 1'),
  'draft-cost': number('SHARE', 'draft: cost of drafting a token, in steps of the model (default: 0)'),
  'draft-tokens': number('N', 'draft: tokens drafted a round (default: as many as gain most)'),
  'input-price': number('USD', 'cache, cost: of a million prompt tokens'),
  'output-price': number('USD', 'cost: of a million tokens of answers'),
  'read-price': number('USD', 'cache, cost: of a million prompt tokens read from the cache'),
  'write-price': number('USD', 'cache: of a million prompt tokens written into it (default: as input)'),
  'per-hour': number('N', 'cache: requests with the same beginning an hour'),
  ttl: number('MINUTES', 'cache: how long it is kept (default: 5)'),
  'requests-per-day': number('N', 'cost: requests a day'),
  'repeated-share': number('SHARE', 'cost: of the prompt, what came before (default: 0)'),
  peak: number('N', 'cost: busiest hour over the mean (default: 3)'),
  'batch-discount': number('SHARE', 'cost: off for jobs that may wait (default: 0)'),
  rent: number('USD', 'cost: of one machine an hour'),
  'machine-rate': number('N', 'cost: requests a second that one machine carries'),
  'machine-price': number('USD', 'cost: of a machine of your own'),
  'life-years': number('N', 'cost: years that it is written off over (default: 3)'),
  watts: number('N', 'cost: what it draws when busy (default: 300); a fifth of it when idle'),
  'energy-price': number('USD', 'cost: of a kilowatt-hour (default: 0.3)'),
};

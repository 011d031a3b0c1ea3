import { nearest } from '../config/nearest.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { planOptions } from './plan-options.ts';

/** What can be computed, one file each, loaded only when it is asked for. */
const questions: Readonly<
  Record<
    string,
    {
      readonly usage: string;
      readonly load: () => Promise<(input: CommandInput) => number | Promise<number>>;
    }
  >
> = {
  memory: {
    usage: 'memory MODEL     weights, KV cache and the whole, by format and context',
    load: async () => (await import('./plan-memory.ts')).planMemory,
  },
  speed: {
    usage: 'speed MODEL      time to the first token and for each, by format, batch and device',
    load: async () => (await import('./plan-speed.ts')).planSpeed,
  },
  batch: {
    usage: 'batch MODEL      throughput and latency by the number of requests at once',
    load: async () => (await import('./plan-speed.ts')).planBatch,
  },
  draft: {
    usage: 'draft            what speculative decoding gains, and with how many tokens',
    load: async () => (await import('./plan-formulas.ts')).planDraft,
  },
  cache: {
    usage: "cache            when a provider's prompt cache pays",
    load: async () => (await import('./plan-formulas.ts')).planCache,
  },
  cost: {
    usage: 'cost             a month of traffic at an API, on rented machines and on your own',
    load: async () => (await import('./plan-cost.ts')).planCost,
  },
  'what-if': {
    usage:
      'what-if          recorded traffic under caching, routing, batching, smaller models and quantization',
    load: async () => (await import('./plan-what-if.ts')).planWhatIf,
  },
  guide: {
    usage: "guide            every row of the guide's tables beside what is computed today",
    load: async () => (await import('./plan-guide.ts')).planGuide,
  },
};

/** Without WHAT: the decision. */
const decision = async (input: CommandInput): Promise<number> => {
  const { planDecision } = await import('./plan-decision.ts');
  return planDecision(input);
};

export const plan: Command = {
  name: 'plan',
  usage: '[WHAT [MODEL]] [options]',
  description: [
    'Recommends a set-up and two alternatives: model, format, engine, machine, batch, cache and routing, with latency, cost a month,',
    'their working, settings and commands. It asks on a terminal, or takes --goal and what else matters. Nothing is measured for it',
    'but this machine: figures are estimates. With WHAT it computes one thing, each figure with its formula, inputs and source,',
    'beside what the guide says where it says something. MODEL is one that is here, a GGUF, safetensors or config.json file, a known',
    'name or a size such as 70B. WHAT is',
    ...Object.values(questions).map(({ usage }) => `  ${usage}`),
  ].join('\n'),
  options: { ...planOptions, ...jsonOption },
  examples: [
    'nearfar plan --goal cost --requests-per-day 10000 --hardware "RTX 4090"',
    'nearfar plan --goal quality --privacy device --hardware this --apply',
    'nearfar plan what-if --from-ledger --since 7d',
    'nearfar plan memory phi-4 --format INT4 --context 16384',
    'nearfar plan speed 8B --format Q4_K_M --device "RTX 4090"',
    'nearfar plan draft --acceptance 0.8 --draft-cost 0.1',
    'nearfar plan cost --requests-per-day 10000 --input-price 3 --output-price 15 --rent 3 --machine-rate 2',
  ],
  run: async (input) => {
    const [what, ...more] = input.words;
    try {
      if (what === undefined) return await decision(input);
      return await answer(what, { ...input, words: more });
    } catch (thrown) {
      // What the calculators say of a number: the option's own name stands in it.
      if (thrown instanceof RangeError) throw new UsageError(thrown.message);
      throw thrown;
    }
  },
};

async function answer(what: string, input: CommandInput): Promise<number> {
  const known = Object.keys(questions);
  const question = Object.hasOwn(questions, what) ? questions[what] : undefined;
  if (question === undefined) {
    const near = nearest(what, known);
    throw new UsageError(
      `expected one of ${known.join(', ')}, got ${JSON.stringify(what)}${near === null ? '' : `; did you mean ${near}?`}`,
    );
  }
  const takesModel = question.usage.includes('MODEL');
  if (takesModel ? input.words.length !== 1 : input.words.length > 0) {
    throw new UsageError(`${what}: expected ${takesModel ? 'one model' : 'options only'}`);
  }
  const run = await question.load();
  const family = input.options.text('family');
  if (family === undefined || !takesModel) return run(input);
  return run({ ...input, words: [`${family} ${input.words[0] ?? ''}`] });
}

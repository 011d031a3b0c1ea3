import { NearfarError } from '../chat/error.ts';
import { nearest } from '../config/nearest.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { MeasuredModel, Measuring } from './measuring.ts';
import { openStore } from './open-store.ts';
import { commandSettings } from './settings.ts';

/** What can be measured, one file each, loaded only when it is asked for. */
const measurings: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Measuring> }>
> = {
  kv: {
    summary: 'types of the KV cache (engine.kvType): memory, perplexity, speed',
    load: async () => (await import('./measure-kv.ts')).measureKv,
  },
  weights: {
    summary: 'weight formats: size, memory, speed, perplexity, KL divergence; recommends one',
    load: async () => (await import('./measure-weights.ts')).measureWeightFormats,
  },
  stream: {
    summary: 'texts longer than the window: perplexity with sinks, without, and recomputed',
    load: async () => (await import('./measure-stream.ts')).measureStreaming,
  },
};

export const measure: Command = {
  name: 'measure',
  usage: '--what WHAT [options] MODEL',
  description: [
    'Measures a model on this machine, in a process of its own. MODEL is an id of "nearfar models", an alias or a .gguf file. WHAT is',
    ...Object.entries(measurings).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`),
    'Ctrl-C ends it at once. Other work on this machine makes the speeds wrong, not the perplexities.',
  ].join('\n'),
  options: {
    what: { type: 'string', placeholder: 'WHAT', description: 'What to measure' },
    text: {
      type: 'string',
      placeholder: 'FILE',
      description: "Text for the perplexity, UTF-8 (default: one of nearfar's own)",
    },
    formats: {
      type: 'string',
      placeholder: 'A,B',
      description: 'weights: the formats to measure, e.g. Q8_0,Q4_K_M,NF4,FP8 (default: ten usual ones)',
    },
    imatrix: {
      type: 'string',
      placeholder: 'FILE',
      description: 'weights: importance matrix for what is made',
    },
    windows: {
      type: 'string',
      placeholder: 'N',
      description: 'weights: most windows of the text that are read',
    },
    svg: { type: 'string', placeholder: 'FILE', description: 'weights: write the plot there' },
    'no-speed': {
      type: 'boolean',
      description: 'weights: quality and sizes only, where the machine has other work',
    },
    markdown: { type: 'boolean', description: 'weights: print the table in Markdown, for a page' },
    again: { type: 'boolean', description: 'weights: measure anew what is on record' },
    ...jsonOption,
  },
  examples: [
    'nearfar measure --what kv smollm2-135m-instruct',
    'nearfar measure --what kv --text notes.txt --json near',
    'nearfar measure --what stream near',
    'nearfar measure --what weights model-f16.gguf',
    'nearfar measure --what weights --formats Q8_0,Q4_K_M,Q4_0,NF4 --svg formats.svg near',
  ],
  run: async (input) => {
    const [name, ...more] = input.words;
    if (name === undefined || more.length > 0) throw new UsageError('expected one model');
    const what = input.options.text('what');
    const known = Object.keys(measurings);
    if (what === undefined) throw new UsageError(`--what: expected one of ${known.join(', ')}`);
    const measuring = measurings[what];
    if (measuring === undefined) {
      const near = nearest(what, known);
      const hint = near === null ? '' : `; did you mean ${near}?`;
      throw new UsageError(`--what: expected one of ${known.join(', ')}, got ${JSON.stringify(what)}${hint}`);
    }
    const loaded = await commandSettings(input.options);
    const model = await findMeasured(name, loaded);
    return (await measuring.load()).run({ model, loaded, options: input.options });
  },
};

/** A file of its own, or a model of the store. @throws NearfarError `not_found`, `model_not_found` */
async function findMeasured(name: string, loaded: LoadedSettings): Promise<MeasuredModel> {
  const { sourceOfFile, sourceOfModel } = await import('../models/quantize-model.ts');
  if (name.toLowerCase().endsWith('.gguf')) {
    const source = await sourceOfFile(name);
    return { id: name, path: source.files[0] ?? name, source: () => Promise.resolve(source) };
  }
  const store = await openStore(loaded, (line) => process.stderr.write(`${line}\n`));
  const { resolveModelName } = await import('../route/resolve-model-name.ts');
  const { aliases, near } = loaded.settings;
  const modelIds = (await store.list()).map((one) => one.id);
  const { modelId } = resolveModelName(name, { aliases, near, modelIds });
  const model = await store.find(modelId);
  if (model === null) throw new NearfarError('model_not_found', `There is no model named ${name} here.`);
  return { id: model.id, path: model.path, source: () => sourceOfModel(model) };
}

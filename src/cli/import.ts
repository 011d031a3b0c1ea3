import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { importLitellm } from '../config/import-litellm.ts';
import { UsageError, type Command } from './command.ts';

export const importSettings: Command = {
  name: 'import',
  usage: 'litellm FILE [--output FILE]',
  description: [
    "Makes settings of nearfar's out of those of LiteLLM's proxy (config.yaml): models, addresses, aliases, fallbacks,",
    'prices, and where keys are found. What could not be carried over is listed on standard error. No key is copied.',
  ].join('\n'),
  options: {
    output: {
      type: 'string',
      placeholder: 'FILE',
      description: 'Write the settings there, where no file is yet',
    },
  },
  examples: [
    'nearfar import litellm config.yaml',
    'nearfar import litellm config.yaml --output nearfar.config.yaml',
  ],
  run: async (input) => {
    const [source, file, ...rest] = input.words;
    if (source !== 'litellm' || file === undefined || rest.length > 0) {
      throw new UsageError('expected: litellm FILE');
    }
    if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
    const { parseDocument, stringify } = await import('yaml');
    const document = parseDocument(readFileSync(file, 'utf8'));
    if (document.errors.length > 0) {
      throw new UsageError(`${file} is no valid YAML: ${document.errors[0]?.message ?? ''}`);
    }
    const { settings, notes } = importLitellm(document.toJS({ maxAliasCount: 100 }));
    const filled = Object.fromEntries(
      Object.entries(settings).filter(([, value]) => Object.keys(value as object).length > 0),
    );
    const text = stringify(filled, { lineWidth: 110 });
    const output = input.options.text('output');
    if (output === undefined) process.stdout.write(text);
    else {
      const target = path.resolve(output);
      if (existsSync(target)) throw new UsageError(`${target} is there already`);
      writeFileSync(target, text, { mode: 0o600 });
      process.stdout.write(`Wrote ${target}. Check it with: nearfar config check --config ${output}\n`);
    }
    const said = notes.map((note) => `  ${note}\n`).join('');
    if (notes.length > 0) process.stderr.write(`Not carried over, or otherwise than it was:\n${said}`);
    return 0;
  },
};

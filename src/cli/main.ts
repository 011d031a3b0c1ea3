import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { nearest } from '../config/nearest.ts';
import { readArguments } from './arguments.ts';
import { keepCompiledCode } from './compile-cache.ts';
import type { Command } from './command.ts';
import { renderCommandHelp, renderOverview, type VerbSummary } from './help.ts';
import { reportFailure } from './failure.ts';
import { nearfarVersion } from './version.ts';

interface Verb extends VerbSummary {
  /** Loaded only when asked for, so that every command starts fast. */
  readonly load: () => Promise<Command>;
}

const verbs: readonly Verb[] = [
  {
    name: 'serve',
    group: 'talk',
    summary: 'Start the gateway: the OpenAI, Anthropic and Ollama APIs on one port',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'chat',
    group: 'talk',
    summary: 'Talk with a model in this terminal',
    load: async () => (await import('./chat.ts')).chat,
  },
  {
    name: 'run',
    group: 'talk',
    summary: 'Answer one prompt, or every line of a file',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'pull',
    group: 'models',
    summary: 'Fetch a model',
    load: async () => (await import('./pull.ts')).pull,
  },
  {
    name: 'models',
    group: 'models',
    summary: 'List the models that are here and those that could be',
    load: async () => (await import('./models.ts')).models,
  },
  {
    name: 'eval',
    group: 'models',
    summary: 'Measure how well a model does each kind of task',
    load: async () => (await import('./eval.ts')).evalModel,
  },
  {
    name: 'rm',
    group: 'models',
    summary: 'Delete a model',
    load: async () => (await import('./rm.ts')).rm,
  },
  {
    name: 'quantize',
    group: 'models',
    summary: 'Write a model in another weight format',
    load: async () => (await import('./quantize.ts')).quantize,
  },
  {
    name: 'imatrix',
    group: 'models',
    summary: 'Collect an importance matrix from a text, for quantizing',
    load: async () => (await import('./imatrix.ts')).imatrix,
  },
  {
    name: 'kernels',
    group: 'models',
    summary: "Build the CPU kernels with this machine's compiler, where the shipped ones are slow",
    load: async () => (await import('./kernels.ts')).kernels,
  },
  {
    name: 'inspect',
    group: 'models',
    summary: 'Say what a model file holds, from its headers',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  {
    name: 'export',
    group: 'models',
    summary: 'Convert a model to ONNX, ExecuTorch, Core ML, LiteRT or MLC by their own tools',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'connect',
    group: 'models',
    summary: 'Add an upstream: a provider, an engine or another nearfar that answers too',
    load: async () => (await import('./connect.ts')).connect,
  },
  {
    name: 'costs',
    group: 'costs',
    summary: 'What was spent elsewhere, what was saved and by what',
    load: async () => (await import('./costs.ts')).costs,
  },
  {
    name: 'prices',
    group: 'costs',
    summary: 'What models elsewhere cost, and where that is known from; take newer prices',
    load: async () => (await import('./prices.ts')).prices,
  },
  {
    name: 'captured',
    group: 'costs',
    summary: 'Prompts and answers that were kept: list, show, export',
    load: async () => (await import('./captured.ts')).captured,
  },
  {
    name: 'forget',
    group: 'costs',
    summary: 'Remove kept prompts and answers, and say what is left',
    load: async () => (await import('./forget.ts')).forget,
  },
  {
    name: 'route',
    group: 'costs',
    summary: 'Which tier would answer a prompt, and why: a dry run on your own logs',
    load: async () => (await import('./route.ts')).route,
  },
  {
    name: 'privacy',
    group: 'costs',
    summary: 'What in a text should not leave this machine, and why',
    load: async () => (await import('./privacy.ts')).privacy,
  },
  {
    name: 'plan',
    group: 'machine',
    summary: 'What a model, a machine and traffic need and cost: computed, with the working',
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'calibrate',
    group: 'costs',
    summary: 'Learn from outcomes which model is good enough for which prompt, and whether that pays',
    load: async () => (await import('./calibrate.ts')).calibrate,
  },
  {
    name: 'measure',
    group: 'machine',
    summary: 'What a setting costs and saves with a model, on this machine',
    load: async () => (await import('./measure.ts')).measure,
  },
  {
    name: 'doctor',
    group: 'machine',
    summary: 'What this machine has, what was loaded, and what is slow and why',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'keys',
    group: 'machine',
    summary: 'Who may ask, which models, how often and for how much money',
    load: async () => (await import('./keys.ts')).keys,
  },
  {
    name: 'import',
    group: 'machine',
    summary: "Make settings out of those of LiteLLM's proxy",
    load: async () => (await import('./import.ts')).importSettings,
  },
  {
    name: 'config',
    group: 'machine',
    summary: 'Write, check or show the settings',
    load: async () => (await import('./config.ts')).config,
  },
];

/** Runs one command and sets the process's exit code. */
export async function main(args: readonly string[]): Promise<void> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const asked = verbs.find((verb) => verb.name === rest[0]);
    const text =
      asked === undefined ? renderOverview(verbs, nearfarVersion()) : renderCommandHelp(await asked.load());
    process.stdout.write(`${text}\n`);
    return;
  }
  if (first === '--version' || first === '-v' || first === 'version') {
    process.stdout.write(`${nearfarVersion()}\n`);
    return;
  }
  const verb = verbs.find((candidate) => candidate.name === first);
  if (verb === undefined) {
    const near = nearest(
      first,
      verbs.map((candidate) => candidate.name),
    );
    const hint = near === null ? '"nearfar --help" lists all of them.' : `Did you mean "nearfar ${near}"?`;
    process.stderr.write(`nearfar: there is no command "${first}". ${hint}\n`);
    process.exitCode = 2;
    return;
  }
  // `nearfar models | head`: the reader has seen enough. A gateway goes on without its terminal.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && verb.name !== 'serve') process.exit(0);
  });
  keepCompiledCode();
  const command = await verb.load();
  try {
    const input = readArguments(command, rest);
    if (input.options.flag('help')) {
      process.stdout.write(`${renderCommandHelp(command)}\n`);
      return;
    }
    process.exitCode = await command.run(input);
  } catch (thrown) {
    process.exitCode = reportFailure(thrown, command);
  }
}

// Run directly (in a clone); the package's bin imports `main` instead.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2));
}

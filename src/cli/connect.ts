import path from 'node:path';
import process from 'node:process';
import { addUpstream } from '../config/add-upstream.ts';
import type { LoadedSettings } from '../config/load.ts';
import { toNearfarError } from '../chat/error.ts';
import { upstreamSchema } from '../config/upstream-schema.ts';
import type { ProbeResult } from '../upstream/probe.ts';
import { UsageError, type Command, type CommandInput } from './command.ts';
import { upstreamKey } from './secrets.ts';
import { commandSettings } from './settings.ts';

/** Longer lists are not written down: any of their models can be asked for all the same. */
const listedModels = 20;

export const connect: Command = {
  name: 'connect',
  usage: '[options] URL',
  description: [
    'Adds an upstream: asks what speaks at the address (OpenAI, Anthropic, Ollama; vLLM, SGLang, llama.cpp, TGI, another',
    'nearfar) and writes it into the settings file. The key itself is never written, only where it is found.',
  ].join('\n'),
  options: {
    name: {
      type: 'string',
      placeholder: 'NAME',
      description: "What stands before its models' names (the host)",
    },
    env: { type: 'string', placeholder: 'VARIABLE', description: 'Environment variable that holds its key' },
    'key-file': {
      type: 'string',
      placeholder: 'FILE',
      description: 'File that holds its key, readable by its owner only',
    },
    model: {
      type: 'string',
      multiple: true,
      placeholder: 'MODEL',
      description: `A model to list (all, where there are at most ${listedModels})`,
    },
    inside: {
      type: 'boolean',
      description: 'It is within your boundary: local_only requests may go there (else they never do)',
    },
  },
  examples: [
    'nearfar connect https://api.openai.com --env OPENAI_API_KEY --model gpt-6-sol',
    'nearfar connect http://10.0.0.7:8000 --name cluster --inside',
  ],
  run,
};

async function run(input: CommandInput): Promise<number> {
  const [address, ...rest] = input.words;
  if (address === undefined || rest.length > 0) throw new UsageError('expected one address');
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new UsageError(`${address}: expected an address that begins with http:// or https://`);
  }
  const { username, password, search } = new URL(address);
  if (username !== '' || password !== '' || search !== '') {
    throw new UsageError(
      'expected an address without user, password or query: a key goes into --env or --key-file',
    );
  }
  const env = input.options.text('env');
  const file = input.options.text('key-file');
  if (env !== undefined && file !== undefined) throw new UsageError('expected one of --env and --key-file');
  const loaded = await commandSettings(input.options);
  const where = {
    ...(env === undefined ? {} : { env }),
    ...(file === undefined ? {} : { file: path.resolve(file) }),
  };
  const name = input.options.text('name') ?? defaultName(address);
  requireFreeName(loaded, name, env);
  const probe = upstreamSchema.safeParse({ name, baseUrl: address, ...where });
  if (!probe.success) throw new UsageError(probe.error.issues.map((issue) => issue.message).join('; '));
  const { probeUpstream } = await import('../upstream/probe.ts');
  const { named } = await import('../upstream/attempts.ts');
  const key = await upstreamKey(probe.data, loaded);
  const found = await probeUpstream(address, key).catch((thrown: unknown) => {
    throw named(toNearfarError(thrown), address);
  });
  const models = chosenModels(input.options.list('model'), found);
  const entry = {
    name,
    ...(found.protocol === 'openai' ? {} : { protocol: found.protocol }),
    ...(found.preset === 'generic' ? {} : { preset: found.preset }),
    baseUrl: found.baseUrl,
    ...where,
    ...(input.options.flag('inside') ? { boundary: 'inside' } : {}),
    models,
  };
  const target = loaded.file ?? path.join(loaded.home, 'nearfar.config.yaml');
  await addUpstream(target, entry);
  process.stdout.write(`${report(target, name, found, models, input.options.flag('inside'))}\n`);
  return 0;
}

/** The host without what all hosts have: `api.openai.com` -> `openai`, `10.0.0.7` -> `10.0.0.7`. */
function defaultName(address: string): string {
  const host = new URL(address).hostname.replaceAll(/[[\]]/g, '').replaceAll(':', '-');
  const known = /^(?:api\.)?([a-z0-9-]+)\.(?:com|ai|dev|io|net|org)$/i.exec(host)?.[1];
  return known ?? host;
}

function requireFreeName({ settings }: LoadedSettings, name: string, env: string | undefined): void {
  const taken = settings.upstreams.find((upstream) => upstream.name === name);
  // One that a variable of the environment added by itself is what is being described now.
  if (taken === undefined || (env !== undefined && taken.env === env)) return;
  throw new UsageError(`there is an upstream "${name}" already; give this one another name: --name NAME`);
}

function chosenModels(wanted: readonly string[], { models }: ProbeResult): readonly string[] {
  for (const model of wanted) {
    if (!models.includes(model)) {
      const some = models.slice(0, listedModels).join(', ');
      throw new UsageError(
        `it has no model "${model}"; it has ${some}${models.length > listedModels ? ' and more' : ''}`,
      );
    }
  }
  if (wanted.length > 0) return wanted;
  return models.length <= listedModels ? models : [];
}

function report(
  target: string,
  name: string,
  { protocol, preset, models: all }: ProbeResult,
  models: readonly string[],
  isInside: boolean,
): string {
  const kind = preset === 'generic' ? protocol : `${preset} (${protocol})`;
  const first = models[0] ?? 'MODEL';
  return [
    `Added ${name} to ${target}: ${kind}, ${all.length} model${all.length === 1 ? '' : 's'}, ${
      isInside ? 'inside' : 'outside: what is local_only never goes there'
    }.`,
    ...(models.length === 0
      ? [`Its models are asked for as ${name}/MODEL; --model lists some by name.`]
      : []),
    `Ask it as "${name}/${first}", or set far: ${name}/${first}. A gateway that runs takes it up when it is started again.`,
  ].join('\n');
}

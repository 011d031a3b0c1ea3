import type { ImportedSettings, ImportedUpstream } from './imported-settings.ts';
import { litellmBudget } from './litellm-budget.ts';
import { joinReplicas } from './litellm-replicas.ts';
import {
  balanceOf,
  firstTokenMs,
  groupDeployments,
  routerFields,
  routerNotes,
  setTimeouts,
  type LitellmDeployment,
} from './litellm-router.ts';
import { modelEntry, numberOf } from './litellm-model.ts';
import { litellmProvider, type LitellmProvider } from './litellm-provider.ts';

export interface LitellmImport {
  readonly settings: ImportedSettings;
  /** What was left out or means something else here, one sentence each, beginning with its place in the file. */
  readonly notes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What is read below, by section; anything else in the file is named in the notes. */
const readFields: Readonly<Record<string, readonly string[]>> = {
  '': ['model_list', 'router_settings', 'litellm_settings', 'general_settings'],
  router_settings: routerFields,
  litellm_settings: ['fallbacks', 'num_retries', 'request_timeout', 'max_budget', 'budget_duration'],
  general_settings: ['master_key'],
};

/**
 * Pure: the settings of LiteLLM's proxy (config.yaml, as values) as nearfar's. No key is carried over that stands in the
 * file itself; it is named by the variable that it should stand in.
 */
export function importLitellm(config: unknown): LitellmImport {
  const state = new Import();
  const root = fieldsOf(config);
  listOf(root['model_list']).forEach((entry, index) => {
    state.addModel(fieldsOf(entry), `model_list[${index}]`);
  });
  const router = fieldsOf(root['router_settings']);
  state.joinDeployments(router);
  const shared = fieldsOf(root['litellm_settings']);
  state.setTimeouts(router, shared);
  state.addAliases(fieldsOf(router['model_group_alias']));
  state.addFallbacks(listOf(router['fallbacks'] ?? shared['fallbacks']));
  state.setRetries(router['num_retries'] ?? shared['num_retries']);
  state.addMasterKey(fieldsOf(root['general_settings'])['master_key']);
  state.setBudget(shared);
  for (const [section, known] of Object.entries(readFields)) {
    for (const field of Object.keys(section === '' ? root : fieldsOf(root[section]))) {
      const place = section === '' ? field : `${section}.${field}`;
      if (!known.includes(field)) state.notes.push(`${place}: not carried over`);
    }
  }
  return { settings: state.settings(), notes: state.notes };
}

class Import {
  readonly notes: string[] = [];
  #upstreams: ImportedUpstream[] = [];
  readonly #deployments = new Map<string, LitellmDeployment[]>();
  readonly #places = new Map<string, ImportedUpstream>();
  readonly #aliases: Record<string, string> = {};
  readonly #groups: Record<string, readonly string[]> = {};
  readonly #fallbacks: Record<string, string[]> = {};
  #keys: ImportedSettings['keys'] = [];

  addModel(entry: Fields, place: string): void {
    const group = textOf(entry['model_name']);
    const params = fieldsOf(entry['litellm_params']);
    const written = textOf(params['model']);
    const found = litellmProvider(written);
    if (group === '' || written === '') {
      this.notes.push(`${place}: has no model_name or no litellm_params.model`);
      return;
    }
    if (found === null) {
      this.notes.push(`${place}: ${written}: nearfar does not speak to this provider`);
      return;
    }
    if (group.includes('*') || found.model.includes('*')) {
      this.notes.push(
        `${place}: ${group}: any model is asked as UPSTREAM/MODEL; patterns are not carried over`,
      );
      this.#upstreamFor(found.provider, params, place);
      return;
    }
    const upstream = this.#upstreamFor(found.provider, params, place);
    if (upstream === null) return;
    const isListed = upstream.models.some((model) => nameOf(model) === found.model);
    if (!isListed) upstream.models.push(modelEntry(found.model, params, fieldsOf(entry['model_info'])));
    this.#noteRest(params, place);
    const id = `${upstream.name}/${found.model}`;
    const deployments = this.#deployments.get(group) ?? [];
    const order = numberOf(params['order']);
    if (!deployments.some((one) => one.id === id)) deployments.push({ id, place, order });
    this.#deployments.set(group, deployments);
    const milliseconds = firstTokenMs(params);
    // One upstream has one: the longest that its deployments state.
    if (milliseconds !== null)
      upstream.timeouts = { firstTokenMs: Math.max(milliseconds, upstream.timeouts?.firstTokenMs ?? 0) };
  }

  /** What stands under one name: replicas of one upstream where they are alike, else a group. */
  joinDeployments(router: Fields): void {
    const ids = [...this.#deployments.values()].map((group) => group.map(({ id }) => id));
    const { upstreams, replicaOf } = joinReplicas(this.#upstreams, ids);
    const balance = balanceOf(router['routing_strategy']);
    this.#upstreams = upstreams.map((upstream) =>
      upstream.replicas === undefined || balance === null ? upstream : { ...upstream, balance },
    );
    const grouped = groupDeployments(this.#deployments, (id) => {
      const [name = ''] = id.split('/', 1);
      const of = replicaOf.get(name);
      return of === undefined ? id : `${of}${id.slice(name.length)}`;
    });
    Object.assign(this.#aliases, grouped.aliases);
    Object.assign(this.#groups, grouped.groups);
    const facts = { groupNames: Object.keys(grouped.groups), hasReplicas: replicaOf.size > 0 };
    this.notes.push(...routerNotes(router, facts));
  }

  /** How long a first piece may take, where an upstream does not state it itself. */
  setTimeouts(router: Fields, shared: Fields): void {
    const own = firstTokenMs(router);
    const milliseconds = own ?? firstTokenMs(shared);
    setTimeouts(this.#upstreams, milliseconds);
    if (milliseconds === null) return;
    const field = own === null ? 'litellm_settings.request_timeout' : 'router_settings.timeout';
    this.notes.push(
      `${field}: is how long the first piece of an answer may take (firstTokenMs), not the whole answer`,
    );
  }

  addAliases(aliases: Fields): void {
    for (const [alias, target] of Object.entries(aliases)) {
      const name = typeof target === 'string' ? target : textOf(fieldsOf(target)['model']);
      if (name === '') this.notes.push(`router_settings.model_group_alias.${alias}: has no model`);
      else if (!Object.hasOwn(this.#groups, alias)) this.#aliases[alias] ??= name;
    }
  }

  addFallbacks(list: readonly unknown[]): void {
    for (const entry of list) {
      for (const [name, others] of Object.entries(fieldsOf(entry))) {
        const names = listOf(others).filter((other) => typeof other === 'string');
        if (name === '*') this.notes.push('fallbacks: "*": name each model that has fallbacks');
        else if (names.length > 0) this.#fallbacks[name] = [...(this.#fallbacks[name] ?? []), ...names];
      }
    }
  }

  setRetries(count: unknown): void {
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) return;
    for (const upstream of this.#upstreams) upstream.retries = Math.min(10, count);
  }

  addMasterKey(key: unknown): void {
    if (typeof key !== 'string') return;
    const env = environmentOf(key);
    if (env !== null) this.#keys = [{ name: 'master', env, scopes: ['use', 'admin'] }];
    else {
      this.notes.push(
        'general_settings.master_key: stands in the file; put it into a variable and name that under keys',
      );
    }
  }

  /** After the key. */
  setBudget(shared: Fields): void {
    const { budget, notes } = litellmBudget(shared, this.#keys.length > 0);
    this.#keys = this.#keys.map((key) => ({ ...key, ...budget }));
    this.notes.push(...notes);
  }

  settings(): ImportedSettings {
    return {
      upstreams: this.#upstreams,
      aliases: this.#aliases,
      groups: this.#groups,
      fallbacks: this.#fallbacks,
      keys: this.#keys,
    };
  }

  /** One upstream for each address and key. */
  #upstreamFor(provider: LitellmProvider, params: Fields, place: string): ImportedUpstream | null {
    const stated = textOf(params['api_base'] ?? params['base_url']);
    const address = textOf(environmentOf(stated) === null ? stated : '') || provider.baseUrl;
    if (environmentOf(stated) !== null) {
      this.notes.push(`${place}: api_base comes from the environment; write the address into baseUrl`);
    }
    if (address === null || !URL.canParse(address)) {
      this.notes.push(`${place}: ${provider.name} needs an api_base`);
      return null;
    }
    const env = this.#keyFor(provider, params, place);
    const known = this.#places.get(`${address} ${env ?? ''}`);
    if (known !== undefined) return known;
    const upstream: ImportedUpstream = {
      name: this.#freeName(provider.name),
      protocol: provider.protocol,
      // Another address than the provider's own may be anything that speaks like it.
      ...(provider.preset === undefined ||
      (provider.preset === 'openai' && stated !== '' && provider.name === 'openai')
        ? {}
        : { preset: provider.preset }),
      baseUrl: baseUrlOf(provider, address),
      ...(env === null ? {} : { env }),
      ...(provider.keyHeader === undefined ? {} : { keyHeader: provider.keyHeader }),
      models: [],
    };
    this.#upstreams.push(upstream);
    this.#places.set(`${address} ${env ?? ''}`, upstream);
    return upstream;
  }

  #keyFor(provider: LitellmProvider, params: Fields, place: string): string | null {
    const key = textOf(params['api_key']);
    const env = environmentOf(key);
    if (env !== null) return env;
    if (key !== '' && provider.env !== null) {
      this.notes.push(`${place}: its key stands in the file; put it into ${provider.env}`);
    } else if (key !== '') {
      this.notes.push(`${place}: its key stands in the file; put it into a variable and name that as env`);
    }
    // A server of one's own often wants none; the provider's variable would send it the provider's key.
    const isOwn =
      textOf(params['api_base'] ?? params['base_url']) !== '' && key === '' && provider.name === 'openai';
    return isOwn ? null : provider.env;
  }

  #freeName(name: string): string {
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (!this.#upstreams.some((upstream) => upstream.name === candidate)) return candidate;
    }
  }

  #noteRest(params: Fields, place: string): void {
    const known = [
      ...['model', 'api_base', 'base_url', 'api_key', 'api_version'],
      ...['input_cost_per_token', 'output_cost_per_token', 'cache_read_input_token_cost', 'max_tokens'],
      ...['cache_creation_input_token_cost', 'cache_creation_input_token_cost_above_1hr'],
      ...['order', 'timeout', 'stream_timeout'],
    ];
    for (const field of Object.keys(params)) {
      if (!known.includes(field)) this.notes.push(`${place}.litellm_params.${field}: not carried over`);
    }
    if ('max_tokens' in params) {
      this.notes.push(`${place}.litellm_params.max_tokens: clients say themselves how long an answer may be`);
    }
  }
}

/** LiteLLM takes Azure's address without the path of its API, and Anthropic's and Ollama's like nearfar. */
function baseUrlOf({ name }: LitellmProvider, address: string): string {
  const bare = address.replace(/\/+$/, '');
  return name === 'azure' && !/\/openai(\/|$)/.test(bare) ? `${bare}/openai/v1` : bare;
}

function nameOf(model: string | object): string {
  return typeof model === 'string' ? model : textOf((model as Fields)['name']);
}

/** `os.environ/NAME` is LiteLLM's way to name a variable. */
function environmentOf(text: string): string | null {
  return /^os\.environ\/(\w+)$/.exec(text)?.[1] ?? null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importLitellm } from './import-litellm.ts';
import { settingsSchema } from './schema.ts';

const example = {
  model_list: [
    { model_name: 'gpt', litellm_params: { model: 'openai/gpt-4o', api_key: 'os.environ/MY_KEY', rpm: 6 } },
    {
      model_name: 'gpt',
      litellm_params: {
        model: 'azure/my-deployment',
        api_base: 'https://x.openai.azure.com/',
        api_key: 'sk-literal',
      },
    },
    { model_name: 'claude', litellm_params: { model: 'claude-haiku-4-5' } },
    {
      model_name: 'own',
      litellm_params: { model: 'hosted_vllm/qwen', api_base: 'http://10.0.0.7:8000/v1' },
      model_info: {
        ...{ input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, max_output_tokens: 8192 },
        ...{ cache_creation_input_token_cost: 1.9e-7, cache_creation_input_token_cost_above_1hr: 3e-7 },
      },
    },
    { model_name: 'lama', litellm_params: { model: 'ollama_chat/llama3.2', api_base: 'http://h:11434' } },
    { model_name: 'rock', litellm_params: { model: 'bedrock/anthropic.claude' } },
    { model_name: 'openai/*', litellm_params: { model: 'openai/*' } },
  ],
  router_settings: {
    model_group_alias: { 'gpt-4': 'gpt', hidden: { model: 'claude', hidden: true } },
    routing_strategy: 'least-busy',
  },
  litellm_settings: { fallbacks: [{ gpt: ['claude'] }], num_retries: 3, cache: true },
  general_settings: { master_key: 'os.environ/MASTER', database_url: 'postgres://secret' },
};

describe('LiteLLM’s settings', () => {
  const { settings, notes } = importLitellm(example);

  it('become upstreams, aliases, groups, fallbacks and keys that nearfar takes', () => {
    expect(settings).toEqual({
      upstreams: [
        {
          name: 'openai',
          protocol: 'openai',
          preset: 'openai',
          baseUrl: 'https://api.openai.com/v1',
          env: 'MY_KEY',
          retries: 3,
          models: ['gpt-4o'],
        },
        {
          name: 'azure',
          protocol: 'openai',
          preset: 'openai',
          baseUrl: 'https://x.openai.azure.com/openai/v1',
          env: 'AZURE_API_KEY',
          keyHeader: 'api-key',
          retries: 3,
          models: ['my-deployment'],
        },
        {
          name: 'anthropic',
          protocol: 'anthropic',
          baseUrl: 'https://api.anthropic.com',
          env: 'ANTHROPIC_API_KEY',
          retries: 3,
          models: ['claude-haiku-4-5'],
        },
        {
          name: 'vllm',
          protocol: 'openai',
          preset: 'vllm',
          baseUrl: 'http://10.0.0.7:8000/v1',
          retries: 3,
          models: [
            {
              name: 'qwen',
              maxTokenCount: 8192,
              price: { input: 0.15, output: 0.6, cacheWrite: 0.19, cacheWriteLong: 0.3 },
            },
          ],
        },
        { name: 'ollama', protocol: 'ollama', baseUrl: 'http://h:11434', retries: 3, models: ['llama3.2'] },
        {
          name: 'openai-2',
          protocol: 'openai',
          preset: 'openai',
          baseUrl: 'https://api.openai.com/v1',
          env: 'OPENAI_API_KEY',
          retries: 3,
          models: [],
        },
      ],
      aliases: {
        claude: 'anthropic/claude-haiku-4-5',
        own: 'vllm/qwen',
        lama: 'ollama/llama3.2',
        'gpt-4': 'gpt',
        hidden: 'claude',
      },
      groups: { gpt: ['openai/gpt-4o', 'azure/my-deployment'] },
      fallbacks: { gpt: ['claude'] },
      keys: [{ name: 'master', env: 'MASTER', scopes: ['use', 'admin'] }],
    });
    expect(settingsSchema.safeParse(settings).error).toBeUndefined();
  });

  it('that cannot be carried over are each named, and no secret is', () => {
    expect(notes.join('\n')).toBe(
      [
        'model_list[0].litellm_params.rpm: not carried over',
        'model_list[1]: its key stands in the file; put it into AZURE_API_KEY',
        'model_list[5]: bedrock/anthropic.claude: nearfar does not speak to this provider',
        'model_list[6]: openai/*: any model is asked as UPSTREAM/MODEL; patterns are not carried over',
        'router_settings.routing_strategy: least-busy: requests for gpt go where they are expected to cost the least, and where ' +
          'that is the same in the order of the list',
        'litellm_settings.cache: not carried over',
        'general_settings.database_url: not carried over',
      ].join('\n'),
    );
    expect(JSON.stringify([settings, notes])).not.toMatch(/sk-literal|postgres/);
  });

  it('that balance over servers alike in everything but the address become replicas', () => {
    const deployment = (model: string, host: string, more: object = {}) => ({
      model_name: model,
      litellm_params: { model: `hosted_vllm/${model}`, api_base: `http://${host}:8000/v1`, ...more },
    });
    const joined = importLitellm({
      model_list: [
        deployment('qwen', 'a'),
        deployment('qwen', 'b'),
        deployment('small', 'a'),
        deployment('small', 'b'),
        deployment('other', 'c'),
        // Another key: another upstream.
        deployment('other', 'd', { api_key: 'os.environ/D' }),
      ],
      router_settings: { routing_strategy: 'least-busy' },
    });
    expect(joined.settings.upstreams).toMatchObject([
      {
        name: 'vllm',
        baseUrl: 'http://a:8000/v1',
        replicas: ['http://b:8000/v1'],
        balance: 'least-loaded',
        models: ['qwen', 'small'],
      },
      { name: 'vllm-3', models: ['other'] },
      { name: 'vllm-4', models: ['other'], env: 'D' },
    ]);
    expect(joined.settings.aliases).toEqual({ qwen: 'vllm/qwen', small: 'vllm/small' });
    expect(joined.settings.groups).toEqual({ other: ['vllm-3/other', 'vllm-4/other'] });
    expect(joined.settings.fallbacks).toEqual({});
    expect(joined.notes).toEqual([
      'router_settings.routing_strategy: least-busy: requests for other go where they are expected to cost the least, and where ' +
        'that is the same in the order of the list',
    ]);
    expect(settingsSchema.safeParse(joined.settings).error).toBeUndefined();
  });

  const twice = (router: object, more: readonly object[] = [{}, {}], shared: object = {}) =>
    importLitellm({
      model_list: [
        { model_name: 'fast', litellm_params: { model: 'groq/oss', ...more[0] } },
        { model_name: 'fast', litellm_params: { model: 'openrouter/oss', ...more[1] } },
      ],
      router_settings: router,
      litellm_settings: shared,
    });

  it('that route by cost are groups and nothing else', () => {
    const { settings: made, notes: said } = twice({ routing_strategy: 'cost-based-routing', num_retries: 4 });
    expect(made.groups).toEqual({ fast: ['groq/oss', 'openrouter/oss'] });
    expect(made.aliases).toEqual({});
    expect(made.upstreams.map(({ retries }) => retries)).toEqual([4, 4]);
    expect(said).toEqual([]);
    expect(settingsSchema.safeParse(made).error).toBeUndefined();
  });

  it('that ask some deployments first keep that order', () => {
    const { settings: made } = twice({ routing_strategy: 'cost-based-routing' }, [
      { order: 2 },
      { order: 1 },
    ]);
    expect(made.groups).toEqual({ fast: ['openrouter/oss', 'groq/oss'] });
  });

  it('that bound times are carried over, and what that means here is said', () => {
    const byDeployment = twice({ routing_strategy: 'cost-based-routing', timeout: 20 }, [
      { timeout: 30, stream_timeout: 2.5 },
      {},
    ]);
    expect(byDeployment.settings.upstreams.map(({ timeouts }) => timeouts)).toEqual([
      { firstTokenMs: 2500 },
      { firstTokenMs: 20_000 },
    ]);
    expect(byDeployment.notes).toEqual([
      'router_settings.timeout: is how long the first piece of an answer may take (firstTokenMs), not the whole answer',
    ]);
    const shared = twice({ routing_strategy: 'cost-based-routing' }, [{}, {}], { request_timeout: 7 });
    expect(shared.settings.upstreams[1]?.timeouts).toEqual({ firstTokenMs: 7000 });
    expect(settingsSchema.safeParse(shared.settings).error).toBeUndefined();
  });

  it('that leave failing deployments alone say how nearfar does', () => {
    const { notes: said } = twice({
      ...{ routing_strategy: 'latency-based-routing', allowed_fails: 3, cooldown_time: 30, retry_after: 5 },
      enable_pre_call_checks: true,
    });
    expect(said).toHaveLength(4);
    expect(said[0]).toMatch(
      /latency-based-routing: requests for fast go where they are expected to cost the least/,
    );
    expect(said[1]).toMatch(/allowed_fails, cooldown_time: not carried over: .* rests after 5 failures/);
    expect(said[2]).toMatch(/retry_after: not carried over/);
    expect(said[3]).toBe('router_settings.enable_pre_call_checks: not carried over');
  });

  it('that shuffle over servers that are alike become replicas in turn', () => {
    const server = (host: string) => ({
      model_name: 'qwen',
      litellm_params: { model: 'hosted_vllm/qwen', api_base: `http://${host}:8000/v1` },
    });
    const of = (routing_strategy: string) =>
      importLitellm({ model_list: [server('a'), server('b')], router_settings: { routing_strategy } });
    expect(of('simple-shuffle').settings.upstreams).toMatchObject([{ balance: 'round-robin' }]);
    expect(of('simple-shuffle').notes).toEqual([]);
    expect(of('latency-based-routing').settings.upstreams[0]).not.toHaveProperty('balance');
    expect(of('latency-based-routing').notes).toEqual([
      'router_settings.routing_strategy: latency-based-routing: replicas are asked where the first token is expected soonest ' +
        '(balance: prefix)',
    ]);
  });

  it('that bound what is spent become a budget of the key', () => {
    const of = (fields: object, key: object = { master_key: 'os.environ/MASTER' }) =>
      importLitellm({ litellm_settings: fields, general_settings: key });
    const month = of({ max_budget: 100, budget_duration: '30d' });
    expect(month.settings.keys).toMatchObject([{ name: 'master', budgetPerMonth: 100 }]);
    expect(month.notes).toEqual([
      'litellm_settings.max_budget: is the budget of the key master; others have their own (nearfar keys create NAME)',
    ]);
    expect(settingsSchema.safeParse(month.settings).error).toBeUndefined();
    expect(of({ max_budget: 5, budget_duration: '24h' }).settings.keys).toMatchObject([{ budgetPerDay: 5 }]);
    const week = of({ max_budget: 5, budget_duration: '7d' });
    expect(week.settings.keys[0]).not.toHaveProperty('budgetPerDay');
    expect(week.notes).toEqual([
      'litellm_settings.max_budget: 7d: budgets are of a day or a month here; not carried over',
    ]);
    expect(of({ max_budget: 5, budget_duration: '1mo' }, {}).notes).toEqual([
      'litellm_settings.max_budget: budgets belong to keys here: nearfar keys create NAME --per-month 5',
    ]);
    expect(of({ max_budget: 'x' }).notes).toEqual(['litellm_settings.max_budget: is no amount of money']);
  });

  it('are never a crash, whatever stands in the file', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        importLitellm(one);
        importLitellm({ model_list: one, router_settings: other, litellm_settings: one });
        importLitellm({ model_list: [{ model_name: 'x', litellm_params: one }, other] });
      }),
    );
  });
});

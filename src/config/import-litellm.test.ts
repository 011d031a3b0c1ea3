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
      model_info: { input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, max_output_tokens: 8192 },
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

  it('become upstreams, aliases, fallbacks and keys that nearfar takes', () => {
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
          models: [{ name: 'qwen', maxTokenCount: 8192, price: { input: 0.15, output: 0.6 } }],
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
        gpt: 'openai/gpt-4o',
        claude: 'anthropic/claude-haiku-4-5',
        own: 'vllm/qwen',
        lama: 'ollama/llama3.2',
        'gpt-4': 'gpt',
        hidden: 'claude',
      },
      fallbacks: { gpt: ['azure/my-deployment', 'claude'] },
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
        'model_list[1]: gpt: azure/my-deployment is asked where openai/gpt-4o fails; load is not balanced',
        'router_settings.routing_strategy: not carried over',
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
    expect(joined.settings.aliases).toEqual({
      qwen: 'vllm/qwen',
      small: 'vllm/small',
      other: 'vllm-3/other',
    });
    expect(joined.settings.fallbacks).toEqual({ other: ['vllm-4/other'] });
    expect(joined.notes).toEqual([
      'model_list[5]: other: vllm-4/other is asked where vllm-3/other fails; load is not balanced',
    ]);
    expect(settingsSchema.safeParse(joined.settings).error).toBeUndefined();
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

/** How a provider that LiteLLM names by a prefix is reached here. */
export interface LitellmProvider {
  readonly name: string;
  readonly protocol: 'openai' | 'anthropic' | 'ollama';
  readonly preset?: 'openai' | 'mistral' | 'vllm';
  /** Null: the settings must say it. */
  readonly baseUrl: string | null;
  /** The variable that LiteLLM reads where the settings name no key; null: no key. */
  readonly env: string | null;
  readonly keyHeader?: string;
}

const openai: LitellmProvider = {
  name: 'openai',
  protocol: 'openai',
  preset: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  env: 'OPENAI_API_KEY',
};
const anthropic: LitellmProvider = {
  name: 'anthropic',
  protocol: 'anthropic',
  baseUrl: 'https://api.anthropic.com',
  env: 'ANTHROPIC_API_KEY',
};
const ollama: LitellmProvider = {
  name: 'ollama',
  protocol: 'ollama',
  baseUrl: 'http://localhost:11434',
  env: null,
};
const compatible = (name: string, baseUrl: string, env: string): LitellmProvider => {
  return { name, protocol: 'openai', baseUrl, env };
};
const vllm: LitellmProvider = { name: 'vllm', protocol: 'openai', preset: 'vllm', baseUrl: null, env: null };

/** By the prefix in `litellm_params.model`: https://docs.litellm.ai/docs/providers */
const byPrefix: Readonly<Record<string, LitellmProvider>> = {
  openai,
  anthropic,
  ollama,
  ollama_chat: ollama,
  hosted_vllm: vllm,
  vllm,
  azure: {
    name: 'azure',
    protocol: 'openai',
    preset: 'openai',
    baseUrl: null,
    env: 'AZURE_API_KEY',
    keyHeader: 'api-key',
  },
  gemini: compatible('gemini', 'https://generativelanguage.googleapis.com/v1beta/openai', 'GEMINI_API_KEY'),
  mistral: { ...compatible('mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY'), preset: 'mistral' },
  groq: compatible('groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
  openrouter: compatible('openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  deepseek: compatible('deepseek', 'https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'),
  xai: compatible('xai', 'https://api.x.ai/v1', 'XAI_API_KEY'),
  together_ai: compatible('together', 'https://api.together.xyz/v1', 'TOGETHERAI_API_KEY'),
};

/** The provider of a model as LiteLLM writes it, and its name there; null for one that cannot be reached. */
export function litellmProvider(
  model: string,
): { readonly provider: LitellmProvider; readonly model: string } | null {
  const slash = model.indexOf('/');
  const prefix = model.slice(0, Math.max(0, slash));
  const provider = Object.hasOwn(byPrefix, prefix) ? byPrefix[prefix] : undefined;
  if (provider !== undefined) return { provider, model: model.slice(slash + 1) };
  // Without a prefix LiteLLM knows the models of these two by their names.
  if (slash >= 0) return null;
  if (/^(gpt-|o\d|chatgpt-)/.test(model)) return { provider: openai, model };
  return /^claude-/.test(model) ? { provider: anthropic, model } : null;
}

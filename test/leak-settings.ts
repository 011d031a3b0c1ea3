/** Settings with every way on which a prompt can leave: names, aliases, fallbacks, replicas, hedges, caches, all protocols. */
export function leakSettings(
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const replicas = ['http://127.0.0.1:1/b'];
  const upstreams = [
    { name: 'open', baseUrl: 'http://127.0.0.1:1/a', replicas, hedge: 20, models: ['big', 'small'] },
    {
      name: 'claude',
      protocol: 'anthropic',
      baseUrl: 'http://127.0.0.1:1/c',
      models: [{ name: 'clever', maxTokenCount: 100 }],
    },
    { name: 'newer', protocol: 'openai-responses', baseUrl: 'http://127.0.0.1:1/d', models: ['thinker'] },
    { name: 'llama', protocol: 'ollama', baseUrl: 'http://127.0.0.1:1/e', models: ['herd'] },
    { name: 'house', boundary: 'inside', baseUrl: 'http://127.0.0.1:1/f', models: ['own'] },
  ];
  return {
    upstreams,
    aliases: { 'gpt-4o': 'open/big', chained: 'near', mixed: 'house/own', inner: 'near' },
    fallbacks: {
      chained: ['open/small', 'claude/clever'],
      mixed: ['near', 'llama/herd'],
      'open/big': ['house/own', 'near'],
      inner: ['house/own'],
    },
    capture: 'all',
    cache: { exactMaxTemperature: 2 },
    ...changes,
  };
}

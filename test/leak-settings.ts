/** What routes, compares and remembers: each a way by which a prompt could get to where nobody asked for it. */
export const routedSettings = {
  mid: 'open/small',
  far: 'claude/clever',
  route: { policy: 'classifier', cascade: true },
  shadow: { judge: 'newer/thinker', share: 1, budget: { perDay: null, perMonth: null } },
} as const;

/** Keys of all kinds. Their secrets are made up for a proof. */
export const keySettings = {
  keys: [
    { name: 'batch', env: 'NOT_READ_BATCH', privacy: 'open' },
    { name: 'clinic', env: 'NOT_READ_CLINIC', localOnly: true },
    { name: 'desk', env: 'NOT_READ_DESK', privacy: 'block' },
  ],
} as const;

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

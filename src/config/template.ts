import { environmentName, defaultSettings, groupDescription, settingLeaves } from './schema.ts';

/**
 * A settings file that holds every setting at its default. YAML: commented out, each under what it means, so that
 * only what is changed overrides later defaults. JSON has no comments: all values as they are.
 */
export function commentedSettings(format: 'yaml' | 'json'): string {
  if (format === 'json') return `${JSON.stringify(defaultSettings, null, 2)}\n`;
  const lines = [
    '# Settings of nearfar. Every line that begins with "#" and a name shows a default; take the "#" away to change it.',
    '# The environment and flags win over this file. After a change: nearfar config check',
  ];
  let group = '';
  for (const leaf of settingLeaves()) {
    const [first = '', second] = leaf.path.split('.');
    if (second !== undefined && first !== group) {
      group = first;
      lines.push('', `# ${groupDescription(first)}`, `${first}:`);
    }
    const indent = second === undefined ? '' : '  ';
    const value = valueOf(leaf.path);
    lines.push('', ...wrap(leaf.description, 110 - indent.length - 2).map((line) => `${indent}# ${line}`));
    lines.push(`${indent}# (environment: ${environmentName(leaf.path)})`);
    lines.push(`${indent}# ${second ?? first}: ${inlineYaml(value)}`);
    if (leaf.path === 'keys') lines.push(...keyExample);
    if (leaf.path === 'upstreams') lines.push(...upstreamExample);
  }
  return `${lines.join('\n')}\n`;
}

const keyExample = [
  '#   - name: laptop',
  '#     env: NEARFAR_KEY_LAPTOP        # or file: ~/.nearfar/keys/laptop, readable by its owner only',
  '#     scopes: [use, admin]',
  '#     models: [near, "openai/*"]     # all where absent; as the next ones',
  '#     requestsPerMinute: 60',
  '#     tokensPerMinute: 100000',
  '#     budgetPerDay: 2                # US dollars',
  '#     budgetPerMonth: 20',
  '#     localOnly: false',
  '#     privacy: open                # an exception: what detectors find in its requests may leave',
];

const upstreamExample = [
  '#   - name: cluster',
  '#     protocol: openai             # or openai-responses, anthropic, ollama',
  '#     preset: vllm                 # what the server knows beyond the protocol',
  '#     baseUrl: http://10.0.0.7:8000/v1',
  '#     replicas: [http://10.0.0.8:8000/v1] # further servers, alike; balance: prefix, least-loaded, round-robin',
  '#     env: CLUSTER_KEY             # or file: ~/.nearfar/keys/cluster, readable by its owner only',
  '#     boundary: inside             # outside where absent: what is local_only never goes there',
  '#     models: [qwen3-32b]',
];

function valueOf(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], defaultSettings);
}

/** JSON is YAML; plain words need no quotes. */
function inlineYaml(value: unknown): string {
  if (typeof value === 'string' && /^[a-zA-Z][\w.-]*$/.test(value)) return value;
  return JSON.stringify(value);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

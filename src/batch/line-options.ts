import { isObject, type JsonObject, type PromptLine } from './prompt-line.ts';

/** What the command line says for all lines. */
export interface LineOptions {
  /** Answers every line, whatever model it names; absent: the line's own, else `auto`. */
  readonly model?: string | undefined;
  /** The others are for lines that do not say themselves. */
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  readonly system?: string | undefined;
}

/** The line's body as it is sent. */
export function withOptions(line: PromptLine, options: LineOptions): JsonObject {
  const { body, path } = line;
  const model = options.model ?? body['model'] ?? (line.form === 'plain' ? 'auto' : undefined);
  const named = model === undefined ? body : { ...body, model };
  if (path === '/v1/embeddings') return named;
  const saysLength = isGiven(body['max_tokens']) || isGiven(body['max_completion_tokens']);
  return {
    ...named,
    ...(path === '/v1/chat/completions' ? withSystem(body, options.system) : {}),
    ...(options.maxTokens === undefined || saysLength ? {} : { max_tokens: options.maxTokens }),
    ...given('temperature', body, options.temperature),
    ...given('seed', body, options.seed),
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function given(name: string, body: JsonObject, value: number | undefined): JsonObject {
  return value === undefined || isGiven(body[name]) ? {} : { [name]: value };
}

function withSystem({ messages }: JsonObject, system: string | undefined): JsonObject {
  if (system === undefined || !Array.isArray(messages)) return {};
  const list: readonly unknown[] = messages;
  const hasOwn = list.some(
    (message) => isObject(message) && ['system', 'developer'].includes(String(message['role'])),
  );
  return hasOwn ? {} : { messages: [{ role: 'system', content: system }, ...list] };
}

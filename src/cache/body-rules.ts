import type { CacheWish } from '../chat/request.ts';
import { highestTemperature, type CacheRules, type CacheUsage } from './cache-rules.ts';

type Json = Readonly<Record<string, unknown>>;

export interface RuledBody {
  readonly operation: 'chat' | 'text_completion' | 'embeddings';
  readonly protocol: string;
  readonly body: Json;
  readonly answerCache: CacheWish;
}

/**
 * Pure: the rules of `usageOf` for bodies that pass as they are. What a member means is the upstream's to say, so by itself
 * only what holds none but known ones is kept. Never, whatever is asked: what shows more than text, results and calls of
 * tools, what only its provider can read (signed or encrypted thoughts), what it stores or has stored.
 */
export function bodyUsageOf(
  { operation, protocol, body, answerCache }: RuledBody,
  { isOn, maxTemperature, upstreams }: CacheRules,
): CacheUsage {
  if (!isOn || !upstreams || answerCache === 'off') return 'none';
  if (!isPlain(body) || isStored(body, protocol) || asksNothing(body, operation)) return 'none';
  if (answerCache === 'auto' && !isRepeatable(body, protocol, operation, maxTemperature)) return 'none';
  return answerCache === 'refresh' ? 'write_only' : 'read_and_write';
}

/** Ollama loads and unloads models that way. */
function asksNothing({ messages, prompt, input }: Json, operation: RuledBody['operation']): boolean {
  if (operation === 'embeddings') return isEmpty(input);
  return isEmpty(messages) && isEmpty(prompt) && isEmpty(input);
}

function isStored(body: Json, protocol: string): boolean {
  // OpenAI's responses API stores what is not told otherwise.
  const { store } = body;
  const isKept = protocol === 'openai-responses' ? store !== false : !isAbsent(store) && store !== false;
  const names = ['previous_response_id', 'conversation', 'background', 'container', 'mcp_servers', 'audio'];
  return (
    isKept || names.some((name) => !isAbsent(body[name]) && body[name] !== false && !isEmptyList(body[name]))
  );
}

/** Whether the prompt is all text. */
function isPlain({ messages, input, system, prompt, images }: Json): boolean {
  if (!isEmpty(images)) return false;
  // A template that is stored at the provider is an object.
  if (!isAbsent(prompt) && typeof prompt !== 'string' && !Array.isArray(prompt)) return false;
  if (!isAbsent(messages) && !(Array.isArray(messages) && messages.every(isPlainMessage))) return false;
  if (!isAbsent(system) && !isText(system)) return false;
  if (isAbsent(input) || typeof input === 'string') return true;
  return Array.isArray(input) && input.every((item) => isSimple(item) || isPlainMessage(item));
}

const messageMembers = new Set([
  'type',
  'role',
  'content',
  'name',
  'refusal',
  'reasoning',
  'reasoning_content',
  'thinking',
  'cache_control',
  'prompt_cache_breakpoint',
]);
const plainRoles = new Set(['system', 'developer', 'user', 'assistant']);

function isPlainMessage(message: unknown): boolean {
  if (!isObject(message)) return false;
  const { type, role, content, reasoning, reasoning_content: thoughts, thinking } = message;
  if (!isAbsent(type) && type !== 'message') return false;
  if (typeof role !== 'string' || !plainRoles.has(role) || !(isAbsent(content) || isText(content)))
    return false;
  if (![reasoning, thoughts, thinking].every((value) => isAbsent(value) || typeof value === 'string'))
    return false;
  return Object.entries(message).every(([name, value]) => messageMembers.has(name) || isEmpty(value));
}

const textBlocks = new Set(['text', 'input_text', 'output_text', 'refusal']);

function isText(content: unknown): boolean {
  if (typeof content === 'string') return true;
  if (!Array.isArray(content)) return false;
  return content.every(
    (block) => isObject(block) && typeof block['type'] === 'string' && textBlocks.has(block['type']),
  );
}

/** Members that have no effect but on the answer, by any of the protocols. */
const knownMembers = new Set(
  (
    'model messages input prompt system instructions suffix stream stream_options temperature top_p top_k min_p ' +
    'typical_p seed random_seed max_tokens max_completion_tokens max_output_tokens stop stop_sequences n best_of echo ' +
    'presence_penalty frequency_penalty repetition_penalty repeat_penalty repeat_last_n logit_bias logprobs top_logprobs ' +
    'response_format text format output_config reasoning_effort reasoning verbosity user safety_identifier metadata ' +
    'service_tier store options think keep_alive raw template truncation cache_control prompt_cache_key ' +
    'prompt_cache_retention prompt_cache_options parallel_tool_calls tool_choice ignore_eos'
  ).split(' '),
);

function isRepeatable(
  body: Json,
  protocol: string,
  operation: RuledBody['operation'],
  maxTemperature: number,
): boolean {
  // Vectors are as large as many answers, and who asks for them keeps them.
  if (operation === 'embeddings') return false;
  for (const [name, value] of Object.entries(body)) {
    if (!knownMembers.has(name) && !isHarmless(name, value)) return false;
  }
  const options = protocol === 'ollama' ? body['options'] : body;
  const { temperature, seed, random_seed: randomSeed } = isObject(options) ? options : {};
  const isDrawn = (typeof temperature === 'number' ? temperature : highestTemperature) > maxTemperature;
  return !isDrawn || [seed, randomSeed].some((value) => typeof value === 'number' && value >= 0);
}

/** Said, but to what asks for nothing. */
function isHarmless(name: string, value: unknown): boolean {
  if (name === 'thinking') return isObject(value) && value['type'] === 'disabled';
  if (name === 'modalities') return Array.isArray(value) && value.every((kind) => kind === 'text');
  return isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  return isAbsent(value) || value === '' || isEmptyList(value);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Of lists of texts or tokens. */
function isSimple(value: unknown): boolean {
  return (
    typeof value === 'string' || typeof value === 'number' || (Array.isArray(value) && value.every(isSimple))
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

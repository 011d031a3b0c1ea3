import type { Random } from '../../random/seeded-random.ts';
import { oneOf } from './random.ts';

/** Where in a request a text stands. */
export const slots = [
  'user',
  /** Nothing else is told. */
  'alone',
  'system',
  'earlier_answer',
  'tool_arguments',
  'tool_result',
  'tool_description',
  'tool_schema',
  'answer_schema',
  'part',
  'user_id',
  'stop',
] as const;
export type Slot = (typeof slots)[number];

/** Every route that takes a prompt, in every dialect. */
export const routes = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/api/chat',
  '/api/generate',
  '/v1/embeddings',
  '/v1/rerank',
  '/api/embed',
  '/api/embeddings',
] as const;
export type RouteName = (typeof routes)[number];

/** One HTTP request to the gateway. */
export interface Call {
  readonly path: RouteName;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Where the texts stand. */
  readonly slot: Slot;
}

export interface CallWish {
  readonly path: RouteName;
  readonly model: string;
  readonly text: string;
  /** What else is told, before and after: nothing of it is anybody's. */
  readonly filler: string;
  readonly isStreamed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

const toolName = 'look_up';
const idOfCall = 'call_1';

/** A request of the route with the text in one of the places that it has. */
export function makeCall(random: Random, wish: CallWish): Call {
  const { path, headers } = wish;
  const slot = oneOf(random, slotsOf[path]);
  return { path, headers, slot, body: { model: wish.model, ...bodyOf(path, slot, wish, random) } };
}

const chatSlots: readonly Slot[] = slots.filter((slot) => slot !== 'user_id' && slot !== 'alone');
const slotsOf: Readonly<Record<RouteName, readonly Slot[]>> = {
  '/v1/chat/completions': slots,
  '/v1/completions': ['user', 'stop'],
  '/v1/responses': [
    'user',
    'system',
    'earlier_answer',
    'tool_arguments',
    'tool_result',
    'tool_description',
    'tool_schema',
    'answer_schema',
    'part',
  ],
  '/v1/messages': [
    'user',
    'system',
    'earlier_answer',
    'tool_arguments',
    'tool_result',
    'tool_description',
    'tool_schema',
    'part',
    'stop',
  ],
  '/v1/messages/count_tokens': ['user', 'system', 'earlier_answer'],
  '/api/chat': chatSlots,
  '/api/generate': ['user', 'system', 'stop'],
  '/v1/embeddings': ['user'],
  '/v1/rerank': ['user', 'system'],
  '/api/embed': ['user'],
  '/api/embeddings': ['user'],
};

function bodyOf(
  path: RouteName,
  slot: Slot,
  wish: CallWish,
  random: Random,
): Readonly<Record<string, unknown>> {
  const { text, filler, isStreamed } = wish;
  const put = (place: Slot, otherwise = filler): string => (slot === place ? text : otherwise);
  const user =
    slot === 'part'
      ? [
          { type: 'text', text: filler },
          { type: 'text', text },
        ]
      : put('user');
  const stream = isStreamed;
  const drawn = random() < 0.5 ? { temperature: 0 } : {};
  const schema = {
    type: 'object',
    properties: {
      topic: { type: 'string', description: slot === 'tool_schema' ? text : 'What it is about' },
    },
    required: ['topic'],
  };
  const form = {
    type: 'object',
    properties: { reply: { type: 'string', description: text } },
    required: ['reply'],
    additionalProperties: false,
  };
  const usesTools = slot.startsWith('tool_');
  const description = put('tool_description', 'Looks something up');
  const argumentsOf = { topic: put('tool_arguments', 'weather') };
  const result = put('tool_result', 'sunny');
  switch (path) {
    case '/v1/chat/completions':
      if (slot === 'alone')
        return { stream, max_tokens: 16, ...drawn, messages: [{ role: 'user', content: text }] };
      return {
        ...{ stream, max_tokens: 16, ...drawn },
        messages: [
          { role: 'system', content: put('system') },
          { role: 'user', content: filler },
          ...(usesTools
            ? [
                {
                  role: 'assistant',
                  content: null,
                  tool_calls: [
                    {
                      id: idOfCall,
                      type: 'function',
                      function: { name: toolName, arguments: JSON.stringify(argumentsOf) },
                    },
                  ],
                },
                { role: 'tool', tool_call_id: idOfCall, content: result },
              ]
            : [{ role: 'assistant', content: put('earlier_answer') }]),
          { role: 'user', content: user },
        ],
        ...(usesTools
          ? { tools: [{ type: 'function', function: { name: toolName, description, parameters: schema } }] }
          : {}),
        ...(slot === 'answer_schema'
          ? { response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: form } } }
          : {}),
        ...(slot === 'user_id' ? { user: text } : {}),
        ...(slot === 'stop' ? { stop: [text] } : {}),
      };
    case '/v1/completions':
      return {
        ...{ stream, max_tokens: 16, ...drawn },
        prompt: put('user'),
        ...(slot === 'stop' ? { stop: [text] } : {}),
      };
    case '/v1/responses':
      return {
        ...{ stream, max_output_tokens: 16, ...drawn },
        instructions: put('system'),
        input: [
          { role: 'user', content: filler },
          ...(usesTools
            ? [
                {
                  type: 'function_call',
                  call_id: idOfCall,
                  name: toolName,
                  arguments: JSON.stringify(argumentsOf),
                },
                { type: 'function_call_output', call_id: idOfCall, output: result },
              ]
            : [{ role: 'assistant', content: put('earlier_answer') }]),
          {
            role: 'user',
            content:
              slot === 'part'
                ? [
                    { type: 'input_text', text: filler },
                    { type: 'input_text', text },
                  ]
                : put('user'),
          },
        ],
        ...(usesTools
          ? { tools: [{ type: 'function', name: toolName, description, parameters: schema }] }
          : {}),
        ...(slot === 'answer_schema'
          ? { text: { format: { type: 'json_schema', name: 'reply', schema: form } } }
          : {}),
      };
    case '/v1/messages':
    case '/v1/messages/count_tokens':
      return {
        ...(path === '/v1/messages' ? { stream, max_tokens: 16, ...drawn } : {}),
        system: put('system'),
        messages: [
          { role: 'user', content: filler },
          ...(usesTools
            ? [
                {
                  role: 'assistant',
                  content: [{ type: 'tool_use', id: idOfCall, name: toolName, input: argumentsOf }],
                },
                {
                  role: 'user',
                  content: [
                    { type: 'tool_result', tool_use_id: idOfCall, content: result },
                    { type: 'text', text: filler },
                  ],
                },
              ]
            : [
                { role: 'assistant', content: put('earlier_answer') },
                { role: 'user', content: user },
              ]),
        ],
        ...(usesTools ? { tools: [{ name: toolName, description, input_schema: schema }] } : {}),
        ...(slot === 'stop' ? { stop_sequences: [text] } : {}),
      };
    case '/api/chat':
      return {
        stream,
        options: { num_predict: 16, ...drawn, ...(slot === 'stop' ? { stop: [text] } : {}) },
        messages: [
          { role: 'system', content: put('system') },
          { role: 'user', content: filler },
          ...(usesTools
            ? [
                {
                  role: 'assistant',
                  content: '',
                  tool_calls: [{ function: { name: toolName, arguments: argumentsOf } }],
                },
                { role: 'tool', tool_name: toolName, content: result },
              ]
            : [{ role: 'assistant', content: put('earlier_answer') }]),
          { role: 'user', content: slot === 'part' ? text : put('user') },
        ],
        ...(usesTools
          ? { tools: [{ type: 'function', function: { name: toolName, description, parameters: schema } }] }
          : {}),
        ...(slot === 'answer_schema' ? { format: form } : {}),
      };
    case '/api/generate':
      return {
        stream,
        system: put('system'),
        prompt: put('user'),
        options: { num_predict: 16, ...drawn, ...(slot === 'stop' ? { stop: [text] } : {}) },
      };
    case '/v1/embeddings':
    case '/api/embed':
      return { input: [filler, text] };
    case '/api/embeddings':
      return { prompt: text };
    case '/v1/rerank':
      return { query: put('user'), documents: [filler, put('system')] };
  }
}

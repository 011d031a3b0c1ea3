import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { ChatRequest } from '../chat/request.ts';
import { messagesRequest } from '../http/anthropic/messages-request.ts';
import { messagesSchema } from '../http/anthropic/messages-schema.ts';
import type { Envelope } from '../http/envelope.ts';
import { chatIntent } from '../http/ollama/prompt-request.ts';
import { ollamaChatSchema } from '../http/ollama/prompt-schema.ts';
import { chatRequest } from '../http/openai/chat-request.ts';
import { chatSchema } from '../http/openai/chat-schema.ts';
import { responsesRequest } from '../http/responses/responses-request.ts';
import { responsesSchema } from '../http/responses/responses-schema.ts';
import { anthropicMessages } from './anthropic.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { presets } from './traits.ts';

/**
 * What a client says in a dialect, read by the inbound converter, written by the outbound one of the same dialect and read
 * again, means the same. The inbound schemas refuse unknown fields, so that nothing is made up.
 */

const envelope: Envelope = {
  id: 'r',
  dialect: 'openai',
  privacy: 'open',
  tenant: 't',
  deadlineAt: null,
  priority: null,
  answerCache: 'auto',
};

const target: WireTarget = {
  model: 'm',
  traits: presets.nearfar,
  maxTokenCount: null,
  contextTokenCount: null,
};

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const spoken = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const toolName = fc.stringMatching(/^[a-z_]{1,12}$/);
const values = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(text, fc.integer(), fc.boolean()), {
  maxKeys: 3,
});
const schema = fc.constantFrom(
  { type: 'object', properties: {} },
  { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const toolNames = fc.uniqueArray(toolName, { minLength: 1, maxLength: 3 });
/** Halves and quarters survive every JSON. */
const quarter = (most: number) => fc.integer({ min: 0, max: most * 4 }).map((count) => count / 4);

function clean(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** The conversation's pieces, for each dialect to spell. */
const exchangeOf = fc.record({
  question: spoken,
  thought: maybe(spoken),
  said: text,
  calls: fc.array(fc.record({ name: toolName, values }), { maxLength: 3 }),
  result: text,
});
const exchanges = fc.array(exchangeOf, { minLength: 1, maxLength: 3 });

const openaiBody = fc
  .record({
    system: maybe(text),
    exchanges,
    question: spoken,
    tools: maybe(
      fc.record({ names: toolNames, schema, choice: fc.constantFrom('auto', 'required', 'named') }),
    ),
    parallel: maybe(fc.boolean()),
    fields: fc.record(
      {
        temperature: quarter(2),
        top_p: fc.constantFrom(0.25, 0.5, 1),
        top_k: fc.integer({ min: 1, max: 100 }),
        min_p: fc.constantFrom(0.05, 0.25),
        presence_penalty: quarter(2),
        frequency_penalty: quarter(2),
        repetition_penalty: fc.constantFrom(1.25, 1.5),
        logit_bias: fc.constant({ '5': -100, '7': 3 }),
        seed: fc.integer(),
        stop: fc.array(spoken, { minLength: 1, maxLength: 3 }),
        max_tokens: fc.integer({ min: 1, max: 9999 }),
        n: fc.integer({ min: 2, max: 4 }),
        ignore_eos: fc.boolean(),
        reasoning_effort: fc.constantFrom('none', 'low', 'high'),
        response_format: fc.constantFrom(
          { type: 'json_object' },
          {
            type: 'json_schema',
            json_schema: {
              name: 'x',
              strict: true,
              schema: { type: 'object', properties: {}, additionalProperties: false },
            },
          },
        ),
      },
      { requiredKeys: [] },
    ),
    logprobs: maybe(fc.integer({ min: 0, max: 20 })),
  })
  .map(({ system, exchanges: all, question, tools, parallel, fields, logprobs }) =>
    clean({
      model: 'auto',
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...all.flatMap((one, turn) => [
          { role: 'user', content: one.question },
          {
            role: 'assistant',
            content: one.calls.length > 0 && one.said === '' ? null : one.said,
            reasoning_content: one.thought,
            tool_calls:
              one.calls.length === 0
                ? undefined
                : one.calls.map((call, index) => ({
                    id: `c${turn}-${index}`,
                    type: 'function',
                    function: { name: call.name, arguments: JSON.stringify(call.values) },
                  })),
          },
          ...one.calls.map((_, index) => ({
            role: 'tool',
            tool_call_id: `c${turn}-${index}`,
            content: one.result,
          })),
        ]),
        { role: 'user', content: question },
      ],
      ...(tools === undefined
        ? {}
        : {
            tools: tools.names.map((name) => ({
              type: 'function',
              function: { name, description: 'does', parameters: tools.schema },
            })),
            tool_choice:
              tools.choice === 'named'
                ? { type: 'function', function: { name: tools.names[0] } }
                : tools.choice,
            parallel_tool_calls: parallel,
          }),
      ...fields,
      ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    }),
  );

const anthropicBody = fc
  .record({
    system: maybe(spoken),
    exchanges,
    question: spoken,
    tools: maybe(fc.record({ names: toolNames, schema, choice: fc.constantFrom('auto', 'any', 'tool') })),
    serial: fc.boolean(),
    fields: fc.record(
      {
        temperature: fc.constantFrom(0, 0.5, 1),
        top_p: fc.constantFrom(0.25, 0.5),
        top_k: fc.integer({ min: 1, max: 100 }),
        stop_sequences: fc.array(spoken, { minLength: 1, maxLength: 3 }),
        output_config: fc.constant({
          format: { type: 'json_schema', schema: { type: 'object', properties: {} } },
        }),
      },
      { requiredKeys: [] },
    ),
    maxTokens: fc.integer({ min: 1, max: 9999 }),
  })
  .map(({ system, exchanges: all, question, tools, serial, fields, maxTokens }) =>
    clean({
      model: 'auto',
      max_tokens: maxTokens,
      system,
      messages: [
        ...all.flatMap((one, turn) => [
          { role: 'user', content: one.question },
          {
            role: 'assistant',
            content: [
              ...(one.said === '' && one.calls.length > 0 ? [] : [{ type: 'text', text: one.said }]),
              ...one.calls.map((call, index) => ({
                type: 'tool_use',
                id: `c${turn}-${index}`,
                name: call.name,
                input: call.values,
              })),
            ],
          },
          ...(one.calls.length === 0
            ? []
            : [
                {
                  role: 'user',
                  content: one.calls.map((_, index) => ({
                    type: 'tool_result',
                    tool_use_id: `c${turn}-${index}`,
                    content: one.result,
                  })),
                },
              ]),
        ]),
        { role: 'user', content: question },
      ],
      ...(tools === undefined
        ? {}
        : {
            tools: tools.names.map((name) => ({ name, description: 'does', input_schema: tools.schema })),
            tool_choice: {
              type: tools.choice,
              ...(tools.choice === 'tool' ? { name: tools.names[0] } : {}),
              ...(serial ? { disable_parallel_tool_use: true } : {}),
            },
          }),
      ...fields,
    }),
  );

const ollamaBody = fc
  .record({
    system: maybe(text),
    exchanges,
    question: text,
    names: maybe(toolNames),
    schema,
    think: maybe(fc.boolean()),
    format: maybe(fc.constantFrom('json', { type: 'object', properties: {} })),
    options: fc.record(
      {
        temperature: quarter(2),
        top_k: fc.integer({ min: 1, max: 100 }),
        top_p: fc.constantFrom(0.25, 0.5, 1),
        repeat_penalty: fc.constantFrom(1.25, 1.5),
        seed: fc.nat(),
        num_predict: fc.integer({ min: 1, max: 999 }),
        stop: fc.array(spoken, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
    keepAlive: maybe(fc.integer({ min: -1, max: 600 })),
    logprobs: maybe(fc.integer({ min: 0, max: 20 })),
  })
  .map(({ system, exchanges: all, question, names, options, keepAlive, logprobs, ...rest }) =>
    clean({
      model: 'auto',
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...all.flatMap((one, turn) => [
          { role: 'user', content: one.question },
          {
            role: 'assistant',
            content: one.said,
            thinking: one.thought,
            tool_calls:
              one.calls.length === 0
                ? undefined
                : one.calls.map((call, index) => ({
                    id: `c${turn}-${index}`,
                    function: { name: call.name, arguments: call.values },
                  })),
          },
          ...one.calls.map((call, index) => ({
            role: 'tool',
            content: one.result,
            tool_name: call.name,
            tool_call_id: `c${turn}-${index}`,
          })),
        ]),
        { role: 'user', content: question },
      ],
      ...(names === undefined
        ? {}
        : {
            tools: names.map((name) => ({
              type: 'function',
              function: { name, description: 'does', parameters: rest.schema },
            })),
          }),
      think: rest.think,
      format: rest.format,
      options,
      keep_alive: keepAlive,
      ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    }),
  );

const responsesBody = fc
  .record({
    exchanges,
    question: spoken,
    system: maybe(spoken),
    tools: maybe(
      fc.record({ names: toolNames, schema, choice: fc.constantFrom('auto', 'required', 'named') }),
    ),
    parallel: maybe(fc.boolean()),
    fields: fc.record(
      {
        temperature: quarter(2),
        top_p: fc.constantFrom(0.25, 0.5, 1),
        max_output_tokens: fc.integer({ min: 1, max: 9999 }),
        reasoning: fc.constantFrom(
          { effort: 'none' },
          { effort: 'low', summary: 'auto' },
          { effort: 'xhigh' },
        ),
        text: fc.constantFrom(
          { format: { type: 'json_object' } },
          {
            format: {
              type: 'json_schema',
              name: 'x',
              strict: true,
              schema: { type: 'object', properties: {}, additionalProperties: false },
            },
          },
        ),
      },
      { requiredKeys: [] },
    ),
    logprobs: maybe(fc.integer({ min: 0, max: 20 })),
  })
  .map(({ exchanges: all, question, system, tools, parallel, fields, logprobs }) =>
    clean({
      model: 'auto',
      input: [
        ...(system === undefined ? [] : [{ role: 'developer', content: system }]),
        ...all.flatMap((one, turn) => [
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: one.question }] },
          ...(one.said === '' && one.calls.length > 0
            ? []
            : [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: one.said }] }]),
          ...one.calls.map((call, index) => ({
            type: 'function_call',
            call_id: `c${turn}-${index}`,
            name: call.name,
            arguments: JSON.stringify(call.values),
          })),
          ...one.calls.map((_, index) => ({
            type: 'function_call_output',
            call_id: `c${turn}-${index}`,
            output: one.result,
          })),
        ]),
        { role: 'user', content: question },
      ],
      ...(tools === undefined
        ? {}
        : {
            tools: tools.names.map((name) => ({
              type: 'function',
              name,
              description: 'does',
              parameters: tools.schema,
              strict: false,
            })),
            tool_choice: tools.choice === 'named' ? { type: 'function', name: tools.names[0] } : tools.choice,
            parallel_tool_calls: parallel,
          }),
      ...fields,
      ...(logprobs === undefined
        ? {}
        : { include: ['message.output_text.logprobs'], top_logprobs: logprobs }),
    }),
  );

interface Dialect {
  readonly name: string;
  readonly protocol: WireProtocol;
  readonly body: fc.Arbitrary<unknown>;
  readonly read: (body: unknown) => ChatRequest;
}

function parsed<Schema extends z.ZodType>(schemaOf: Schema, body: unknown): z.infer<Schema> {
  const result = schemaOf.safeParse(body);
  if (!result.success) throw new Error(`${result.error.message}: ${JSON.stringify(body)}`);
  return result.data;
}

const dialects: readonly Dialect[] = [
  {
    name: 'openai',
    protocol: openaiChat,
    body: openaiBody,
    read: (body) => chatRequest(parsed(chatSchema, body), envelope),
  },
  {
    name: 'responses',
    protocol: openaiResponses,
    body: responsesBody,
    read: (body) => responsesRequest(parsed(responsesSchema, body), envelope),
  },
  {
    name: 'anthropic',
    protocol: anthropicMessages,
    body: anthropicBody,
    read: (body) => messagesRequest(parsed(messagesSchema, body), envelope),
  },
  {
    name: 'ollama',
    protocol: ollamaChat,
    body: ollamaBody,
    read: (body) => {
      const intent = chatIntent(parsed(ollamaChatSchema, body), envelope);
      if (intent.kind !== 'answer') throw new Error('no answer was asked for');
      return intent.request;
    },
  },
];

/** What a request means to an upstream: its defaults, its stream and the model's name are the upstream's own matter. */
function meaning(request: ChatRequest): object {
  const stated = [...(request.statedSampling ?? [])].map(([option]): [string, unknown] => {
    const value: unknown = request.sampling[option];
    return [option, value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value];
  });
  return {
    ...request,
    requestedModel: '',
    isStreamed: true,
    sampling: Object.fromEntries(stated) as object,
    statedSampling: null,
    // What is not said means the same here, where nothing is left out unasked.
    contextOverflow: request.contextOverflow ?? 'error',
  };
}

describe.each(dialects)('a request in the dialect of $name', ({ protocol, body, read }) => {
  it('means the same after being read and written', () => {
    fc.assert(
      fc.property(body, (sent) => {
        const request = read(sent);
        const written = JSON.parse(JSON.stringify(protocol.request(request, target).body)) as unknown;
        expect(meaning(read(written))).toEqual(meaning(request));
      }),
      { numRuns: 200 },
    );
  });
});

import { z } from 'zod';
import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { KeptResponse } from '../../responses/kept-responses.ts';
import type { AppDependencies } from '../dependencies.ts';
import { readEnvelope } from '../envelope.ts';
import { jsonResponse } from '../json-response.ts';
import { defineOperation, type Call, type Operation } from '../operation.ts';
import { replyWhole, replyWithStream, sseFormat } from '../reply.ts';
import { invalid } from '../tool-use.ts';
import { responseEventSchema, responseSchema } from './answer-schema.ts';
import { earlierItems, listedItems, resolvedItems } from './earlier-items.ts';
import { inputPage, inputPageSchema } from './input-page.ts';
import { isKept, savingAnswer } from './keeping.ts';
import { responseEventEncoder, wholeResponse, type ResponsesAnswerOptions } from './responses-answer.ts';
import { responseHead } from './response-head.ts';
import { isOwnResponseId, responseId } from './response-ids.ts';
import { inputItems, responsesRequest } from './responses-request.ts';
import { responsesSchema, type ResponsesBody } from './responses-schema.ts';

const path = '/v1/responses/:response_id';

export function responsesOperations(dependencies: AppDependencies): readonly Operation[] {
  const { keptResponses } = dependencies;
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/responses',
      dialect: 'openai',
      summary: 'Answer a conversation of items, or go on from an earlier response.',
      scope: 'use',
      isAnswer: true,
      relay: {
        protocol: 'openai-responses',
        operation: 'chat',
        path: '/responses',
        streamsByDefault: false,
        // What is stored here the upstream does not know.
        declines: (body) => isOwnResponseId(body['previous_response_id']),
      },
      body: responsesSchema,
      answers: {
        'application/json': { description: 'The whole answer.', schema: responseSchema },
        'text/event-stream': {
          description: 'Events; the last one is response.completed, .incomplete or .failed.',
          schema: responseEventSchema,
        },
      },
      handle: (call) => answerItems(dependencies, call),
    }),
    defineOperation({
      method: 'GET',
      path,
      dialect: 'openai',
      summary: 'A response that was stored.',
      scope: 'use',
      body: null,
      answers: { 'application/json': { description: 'The response.', schema: responseSchema } },
      async handle(call) {
        if (call.query.get('stream') === 'true') throw invalid('stream', 'stored responses come whole');
        const { response } = await stored(dependencies, call);
        return jsonResponse(response, call, 'openai');
      },
    }),
    defineOperation({
      method: 'DELETE',
      path,
      dialect: 'openai',
      summary: 'Forget a response that was stored.',
      scope: 'use',
      body: null,
      answers: {
        'application/json': {
          description: 'It is gone.',
          schema: z.strictObject({
            id: z.string(),
            object: z.literal('response'),
            deleted: z.literal(true),
          }),
        },
      },
      async handle(call) {
        const id = call.pathParameter('response_id');
        const isGone = (await keptResponses?.remove(id, call.caller.tenant)) === true;
        if (!isGone) throw noSuchResponse(id);
        return jsonResponse({ id, object: 'response', deleted: true }, call, 'openai');
      },
    }),
    defineOperation({
      method: 'GET',
      path: `${path}/input_items`,
      dialect: 'openai',
      summary: 'What was asked of a response that was stored, without earlier ones.',
      scope: 'use',
      body: null,
      answers: { 'application/json': { description: 'A page of items.', schema: inputPageSchema } },
      async handle(call) {
        const { input } = await stored(dependencies, call);
        return jsonResponse(inputPage(input, call.query), call, 'openai');
      },
    }),
  ];
}

async function answerItems(dependencies: AppDependencies, call: Call<ResponsesBody>): Promise<Response> {
  const { keptResponses: kept } = dependencies;
  const { body, requestId } = call;
  const { tenant } = call.caller;
  const read = readEnvelope(call, 'openai');
  // A later turn names this response and nothing else.
  const laterIds = [`response ${responseId(requestId)}`];
  const envelope = { ...read, session: { ids: [], ...read.session, laterIds } };
  const isStored = isKept(kept, body.store, envelope);
  const earlier = await earlierItems(kept, body.previous_response_id, tenant);
  const own = await resolvedItems(kept, inputItems(body), tenant);
  const request = responsesRequest(body, own, envelope, earlier);
  const reply = { call, dialect: 'openai', requests: [request] } as const;
  const state = { isStored };
  const options: ResponsesAnswerOptions = {
    requestId,
    head: () => responseHead(body, request, { createdAt, isStored: state.isStored }),
    endedAt: once(() => new Date()),
  };
  const createdAt = new Date();

  async function save(response: object, isTainted: boolean): Promise<void> {
    if (isTainted && kept?.keepsTainted !== true) {
      state.isStored = false;
      return;
    }
    const input = listedItems(own, requestId);
    const previousId = body.previous_response_id ?? null;
    try {
      await kept?.keep({ id: responseId(requestId), previousId, input, response }, tenant);
    } catch (thrown) {
      // The answer is worth more than its copy; that there is none, its last state says.
      state.isStored = false;
      dependencies.reportError(toNearfarError(thrown), requestId);
    }
  }

  const asking = isStored
    ? { ...dependencies, answer: savingAnswer(dependencies.answer, options, save) }
    : dependencies;
  return request.isStreamed
    ? replyWithStream(asking, reply, { ...sseFormat, encode: responseEventEncoder(options) })
    : replyWhole(asking, reply, (parts) => wholeResponse(parts, options));
}

/** @throws NearfarError `not_found` */
async function stored({ keptResponses }: AppDependencies, call: Call<unknown>): Promise<KeptResponse> {
  const id = call.pathParameter('response_id');
  const found = (await keptResponses?.find(id, call.caller.tenant)) ?? null;
  if (found === null) throw noSuchResponse(id);
  return found;
}

function noSuchResponse(id: string): NearfarError {
  const hint = isOwnResponseId(id) ? '' : ' Responses of an upstream are stored there, if at all.';
  return new NearfarError('not_found', `There is no response ${id.slice(0, 100)} here.${hint}`, {
    field: 'response_id',
  });
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => (made ??= { value: make() }).value;
}

import { z } from 'zod';
import type { AppDependencies } from './dependencies.ts';
import { jsonResponse } from './json-response.ts';
import { openapiDocument } from './openapi.ts';
import { defineOperation, type Operation } from './operation.ts';

/** What is about the server itself: probes, metrics, its description. */
export function serviceOperations(
  dependencies: AppDependencies,
  everyOperation: () => readonly Operation[],
): readonly Operation[] {
  // Made once, at the first question: it never changes.
  let description: object | undefined;
  return [
    defineOperation({
      method: 'GET',
      path: '/',
      dialect: 'internal',
      summary: 'Says that nearfar is here.',
      scope: null,
      body: null,
      answers: { 'text/plain': { description: 'One line.' } },
      handle: () =>
        new Response(`nearfar ${dependencies.version} is running. Its API: /openapi.json\n`, {
          headers: { 'content-type': 'text/plain; charset=utf-8' },
        }),
    }),
    defineOperation({
      method: 'GET',
      path: '/health',
      dialect: 'internal',
      summary: 'The process is up.',
      scope: null,
      body: null,
      answers: {
        'application/json': {
          description: 'The version.',
          schema: z.strictObject({ status: z.literal('ok'), version: z.string() }),
        },
      },
      handle: (call) => jsonResponse({ status: 'ok', version: dependencies.version }, call, 'internal'),
    }),
    defineOperation({
      method: 'GET',
      path: '/ready',
      dialect: 'internal',
      summary: 'A prompt could be answered now; 503 and the reason where not.',
      scope: null,
      body: null,
      answers: {
        'application/json': {
          description: 'Ready.',
          schema: z.strictObject({ ready: z.boolean(), reason: z.string().nullable() }),
        },
      },
      handle(call) {
        const readiness = dependencies.readiness();
        return jsonResponse(readiness, call, 'internal', readiness.ready ? 200 : 503);
      },
    }),
    defineOperation({
      method: 'GET',
      path: '/metrics',
      dialect: 'internal',
      summary: 'Figures for Prometheus, by OpenTelemetry GenAI names.',
      scope: 'use',
      body: null,
      answers: { 'text/plain': { description: 'Prometheus text.' } },
      async handle() {
        const { contentType, render } = dependencies.metrics;
        return new Response(await render(), { headers: { 'content-type': contentType } });
      },
    }),
    defineOperation({
      method: 'GET',
      path: '/openapi.json',
      dialect: 'internal',
      summary: 'This description.',
      scope: null,
      body: null,
      answers: {
        'application/json': {
          description: 'An OpenAPI 3.1 document.',
          schema: z.looseObject({ openapi: z.string() }),
        },
      },
      handle(call) {
        description ??= openapiDocument(everyOperation(), dependencies.version);
        return jsonResponse(description, call, 'internal');
      },
    }),
  ];
}

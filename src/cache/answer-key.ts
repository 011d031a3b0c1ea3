import { createHash } from 'node:crypto';
import type { ChatRequest } from '../chat/request.ts';
import type { Secret } from '../chat/secret.ts';

/** What a kept answer is an answer to, beside the request. */
export interface AnswerOrigin {
  /** The model that answers, never an alias. */
  readonly modelId: string;
  /** Changes where the model behind the id does: another file. Of upstreams nobody knows it. */
  readonly revision: string;
  /** What counts beside the request where an upstream may answer. Absent: none may. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  /** Who answers where the model does not. */
  readonly fallbackIds: readonly string[];
  /** The client's own key, where the upstream gets it: the answer may be that account's alone. */
  readonly clientKey: Secret | null;
}

/**
 * Pure: one key for all requests that must get the same answer, base64url, 43 characters. Everything counts but what is
 * known to change no answer, so a new field of requests counts by itself. Tenant and privacy label count: answers are
 * never shared across either. The order of members counts in nothing (a JSON Schema's order of properties is the order of
 * the answer's, so there it does).
 */
export function answerKey(request: ChatRequest, origin: AnswerOrigin): string {
  const {
    id: _id,
    arrivedAt: _arrivedAt,
    dialect: _dialect,
    requestedModel: _requestedModel,
    isStreamed: _isStreamed,
    priority: _priority,
    answerCache: _answerCache,
    deadlineAt: _deadlineAt,
    keepAliveSeconds: _keepAliveSeconds,
    clientKey: _clientKey,
    // The label counts; why it was given does not.
    verdict: _verdict,
    session: _session,
    statedSampling,
    outputFormat,
    sampling,
    ...rest
  } = request;
  const { logitBias, ...options } = sampling;
  const { elsewhere, ...where } = origin;
  const fields = {
    ...rest,
    ...where,
    ...(elsewhere === undefined ? {} : elsewhereFields(elsewhere, statedSampling)),
    sampling: { ...options, logitBias: [...logitBias].sort(([a], [b]) => a - b) },
    outputFormat: formOf(outputFormat),
  };
  return createHash('sha256').update(canonicalJson(fields)).digest('base64url');
}

/** An upstream is sent the stated options only, so which those are counts as much as what they say. */
function elsewhereFields(
  { fallbackIds, clientKey }: Elsewhere,
  stated: ChatRequest['statedSampling'],
): Readonly<Record<string, unknown>> {
  return { fallbackIds, clientKey: clientKey?.reveal() ?? null, stated: [...(stated?.keys() ?? [])].sort() };
}

/** Where a client put the form, and how it called it, changes nothing; the text of its schema does. */
function formOf(format: ChatRequest['outputFormat']): unknown {
  return format.type === 'json_schema'
    ? { type: format.type, schema: JSON.stringify(format.schema), strict: format.strict }
    : { type: format.type };
}

/** JSON with the members of objects sorted by name, absent and undefined ones alike left out. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

import type { LineProblem, PromptLine, RequestPath, JsonObject } from '../batch/prompt-line.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';
import { toGenerateCommand } from '../engine/local-model.ts';
import type { Envelope } from '../http/envelope.ts';
import { chatRequest } from '../http/openai/chat-request.ts';
import { chatSchema } from '../http/openai/chat-schema.ts';
import { completionRequests } from '../http/openai/completion-request.ts';
import { completionSchema } from '../http/openai/completion-schema.ts';
import { embeddingSchema } from '../http/openai/embedding-schema.ts';
import { schemaError } from '../http/schema-error.ts';

/** What a body asks, as far as a run is planned by it. */
export interface CheckedBody {
  /** As the line names it. */
  readonly modelName: string;
  /** One for each answer, choices too. Empty where nothing is written: embeddings. */
  readonly prompts: readonly { readonly input: ChatInput; readonly maxTokenCount: number | null }[];
}

/**
 * Checks a body by the gateway's own rules, without asking anything.
 * @throws NearfarError naming the field
 */
export function checkBody(path: RequestPath, body: JsonObject): CheckedBody {
  if (body['stream'] === true) {
    throw new NearfarError('unsupported', 'stream: rows are whole answers; leave it out.', {
      field: 'stream',
    });
  }
  if (path === '/v1/embeddings') {
    const parsed = embeddingSchema.safeParse(body);
    if (!parsed.success) throw schemaError(parsed.error);
    return { modelName: parsed.data.model, prompts: [] };
  }
  const requests = path === '/v1/completions' ? completions(body) : [chat(body)];
  for (const request of requests) toGenerateCommand(request, null, 0);
  return {
    modelName: requests[0]?.requestedModel ?? '',
    prompts: requests.flatMap(({ input, maxTokenCount, choiceCount }) =>
      Array.from({ length: choiceCount }, () => ({ input, maxTokenCount })),
    ),
  };
}

const envelope: Envelope = {
  id: 'check',
  dialect: 'openai',
  privacy: 'open',
  tenant: '',
  deadlineAt: null,
  priority: 'bulk',
  answerCache: 'auto',
};

function chat(body: JsonObject) {
  const parsed = chatSchema.safeParse(body);
  if (!parsed.success) throw schemaError(parsed.error);
  return chatRequest(parsed.data, envelope);
}

function completions(body: JsonObject) {
  const parsed = completionSchema.safeParse(body);
  if (!parsed.success) throw schemaError(parsed.error);
  return completionRequests(parsed.data, envelope);
}

/** A body's mistake in the spelling of the line. */
export function problemOf(line: PromptLine, thrown: unknown): LineProblem {
  const { field, message } = toNearfarError(thrown);
  const { lineNumber } = line;
  if (field === undefined) return { lineNumber, field: null, message };
  const start = `${field}: `;
  return {
    lineNumber,
    field: line.form === 'openai' ? `body.${field}` : field,
    message: message.startsWith(start) ? message.slice(start.length) : message,
  };
}

import { NearfarError } from '../chat/error.ts';
import type { ChatPart, FinishReason } from '../chat/part.ts';
import type { ChatRequest, Message } from '../chat/request.ts';
import { schemaFault } from './json-schema.ts';

/**
 * An answer in a form, of a model that nothing holds to it: the form is said in the prompt, and what comes is checked before
 * anything of it is shown. One that does not fit is asked for once more, with the fault; then it is an error.
 */
export async function* formedAnswer(
  request: ChatRequest,
  ask: (request: ChatRequest) => AsyncIterable<ChatPart>,
): AsyncGenerator<ChatPart, void, undefined> {
  // A schema that cannot be checked is told before a model works for it.
  if (request.outputFormat.type === 'json_schema') schemaFault(null, request.outputFormat.schema);
  let asked = withForm(request);
  let fault = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    const kept: ChatPart[] = [];
    let said = '';
    let reason: FinishReason = 'stop';
    for await (const part of ask(asked)) {
      if (part.type === 'text-delta') said += part.text;
      else kept.push(part);
      if (part.type === 'choice-end') reason = part.reason;
      if (part.type === 'error') {
        yield part;
        return;
      }
    }
    // Calls of tools are no answer yet, and have forms of their own.
    const read = reason === 'tool_calls' ? { text: said } : readForm(said, request.outputFormat);
    if ('text' in read) {
      for (const part of kept) {
        if (part.type === 'choice-end' && read.text !== '') {
          yield { type: 'text-delta', choice: part.choice, text: read.text };
        }
        yield part;
      }
      return;
    }
    fault = read.fault;
    asked = withComplaint(withForm(request), said, fault);
  }
  throw new NearfarError(
    'upstream_failed',
    `The model of the page did not keep to the form that was asked for, twice: ${fault}.`,
    { field: 'response_format', retryable: true },
  );
}

function withForm(request: ChatRequest): ChatRequest {
  const { input, outputFormat } = request;
  if (input.kind !== 'chat' || outputFormat.type === 'text') return request;
  const told =
    outputFormat.type === 'json_object'
      ? 'Answer with one JSON object and nothing else.'
      : `Answer with JSON that fits this JSON Schema, and nothing else:\n${JSON.stringify(outputFormat.schema)}`;
  const [first, ...rest] = input.messages;
  const messages: readonly Message[] =
    first?.role === 'system'
      ? [{ role: 'system', content: `${first.content}\n\n${told}` }, ...rest]
      : [{ role: 'system', content: told }, ...input.messages];
  return { ...request, input: { ...input, messages }, outputFormat: { type: 'text' } };
}

function withComplaint(request: ChatRequest, said: string, fault: string): ChatRequest {
  const { input } = request;
  if (input.kind !== 'chat') return request;
  const messages: readonly Message[] = [
    ...input.messages,
    { role: 'assistant', content: said },
    { role: 'user', content: `That does not fit: ${fault}. Answer again, with the JSON only.` },
  ];
  return { ...request, input: { ...input, messages } };
}

function readForm(
  said: string,
  format: ChatRequest['outputFormat'],
): { readonly text: string } | { readonly fault: string } {
  const text = jsonIn(said);
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return { fault: 'it is no JSON' };
  }
  const fault =
    format.type === 'json_schema'
      ? schemaFault(value, format.schema)
      : schemaFault(value, { type: 'object' });
  return fault === null ? { text } : { fault };
}

/** Without the fence that models put around JSON. */
function jsonIn(said: string): string {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(said)?.[1];
  return (fenced ?? said).trim();
}

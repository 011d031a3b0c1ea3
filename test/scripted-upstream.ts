import type { ServerResponse } from 'node:http';
import { beginStream, openaiChunk, sendJson, type Arrived } from './fake-upstream.ts';

/** What a scripted model does in one turn: it calls a tool or says its answer. */
export type Turn =
  | { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> }
  | { readonly text: string };

/**
 * Answers in the language of the path by a script: the n-th turn for a conversation that holds n results of tools. What is
 * asked without tools (titles, summaries) gets the last turn's text.
 */
export function scriptedAnswer(
  script: readonly Turn[],
): (response: ServerResponse, request: Arrived) => void {
  return (response, request) => {
    const { body, path } = request;
    const last = script.at(-1) ?? { text: '' };
    const turn = script[resultCount(body)] ?? last;
    if (path.startsWith('/v1/messages')) messages(response, turn);
    else if (path.startsWith('/v1/responses')) responses(response, turn, body['stream'] === true);
    else if (path.startsWith('/v1/chat/completions')) completions(response, turn, body['stream'] === true);
    else sendJson(response, 404, { error: { message: `no such path: ${path}` } });
  };
}

/** Results of tools in any of the three languages. */
function resultCount(body: Readonly<Record<string, unknown>>): number {
  const items = [body['messages'], body['input']].flatMap((list): unknown[] =>
    Array.isArray(list) ? list : [],
  );
  return items
    .flatMap((item): unknown[] => {
      const { content } = item as { content?: unknown };
      return Array.isArray(content) ? [item, ...(content as unknown[])] : [item];
    })
    .filter((item) => {
      const { type, role } = item as { type?: unknown; role?: unknown };
      return type === 'tool_result' || type === 'function_call_output' || role === 'tool';
    }).length;
}

function messages(response: ServerResponse, turn: Turn): void {
  beginStream(response);
  const send = (type: string, fields: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  const usage = { input_tokens: 100, output_tokens: 1 };
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'scripted', content: [] };
  send('message_start', { message: { ...head, stop_reason: null, stop_sequence: null, usage } });
  if ('text' in turn) {
    send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    send('content_block_delta', { index: 0, delta: { type: 'text_delta', text: turn.text } });
  } else {
    const block = { type: 'tool_use', id: `toolu_${turn.tool}`, name: turn.tool, input: {} };
    send('content_block_start', { index: 0, content_block: block });
    const partial_json = JSON.stringify(turn.arguments);
    send('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } });
  }
  send('content_block_stop', { index: 0 });
  const stop_reason = 'text' in turn ? 'end_turn' : 'tool_use';
  send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } });
  send('message_stop', {});
  response.end();
}

function completions(response: ServerResponse, turn: Turn, isStreamed: boolean): void {
  const call = 'text' in turn ? null : callOf(turn);
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  if (!isStreamed) {
    const message =
      'text' in turn
        ? { role: 'assistant', content: turn.text }
        : { role: 'assistant', content: null, tool_calls: [call] };
    const finish_reason = call === null ? 'stop' : 'tool_calls';
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: 'scripted',
      choices: [{ index: 0, message, finish_reason }],
      usage,
    });
    return;
  }
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content: '' }));
  response.write(
    openaiChunk('text' in turn ? { content: turn.text } : { tool_calls: [{ index: 0, ...call }] }),
  );
  response.write(openaiChunk({}, call === null ? 'stop' : 'tool_calls'));
  response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
  response.end('data: [DONE]\n\n');
}

function callOf(turn: Exclude<Turn, { text: string }>): object {
  return {
    id: `call_${turn.tool}`,
    type: 'function',
    function: { name: turn.tool, arguments: JSON.stringify(turn.arguments) },
  };
}

function responses(response: ServerResponse, turn: Turn, isStreamed: boolean): void {
  let sequence_number = 0;
  const send = (type: string, fields: object): void => {
    const event = { type, sequence_number: sequence_number++, ...fields };
    response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const head = { id: 'resp_1', object: 'response', created_at: 1, model: 'scripted' };
  const usage = { input_tokens: 100, output_tokens: 20, total_tokens: 120 };
  if (!isStreamed) {
    sendJson(response, 200, { ...head, status: 'completed', output: [outputOf(turn)], usage });
    return;
  }
  beginStream(response);
  send('response.created', { response: { ...head, status: 'in_progress', output: [] } });
  const at = { output_index: 0 };
  const item = outputOf(turn);
  if ('text' in turn) {
    const part = partOf(turn.text);
    const within = { item_id: 'msg_1', ...at, content_index: 0 };
    send('response.output_item.added', { ...at, item: { ...item, status: 'in_progress', content: [] } });
    send('response.content_part.added', { ...within, part: { ...part, text: '' } });
    send('response.output_text.delta', { ...within, delta: turn.text });
    send('response.output_text.done', { ...within, text: turn.text });
    send('response.content_part.done', { ...within, part });
  } else {
    const text = JSON.stringify(turn.arguments);
    send('response.output_item.added', { ...at, item: { ...item, status: 'in_progress', arguments: '' } });
    send('response.function_call_arguments.delta', { item_id: 'fc_1', ...at, delta: text });
    send('response.function_call_arguments.done', { item_id: 'fc_1', ...at, arguments: text });
  }
  send('response.output_item.done', { ...at, item });
  send('response.completed', { response: { ...head, status: 'completed', output: [item], usage } });
  response.end();
}

function partOf(text: string): object {
  return { type: 'output_text', text, annotations: [] };
}

function outputOf(turn: Turn): object {
  if ('text' in turn) {
    const message = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed' };
    return { ...message, content: [partOf(turn.text)] };
  }
  const call = { id: 'fc_1', type: 'function_call', call_id: `call_${turn.tool}`, name: turn.tool };
  return { ...call, status: 'completed', arguments: JSON.stringify(turn.arguments) };
}

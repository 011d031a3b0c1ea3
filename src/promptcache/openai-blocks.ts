import { blockTokenCount, isObject, type PromptBlock, type PromptBlocks } from './prompt-block.ts';

/** Pure: a body of OpenAI's chat completions or responses in the order in which it is read: tools, then messages. */
export function openaiBlocks(body: Readonly<Record<string, unknown>>): PromptBlocks {
  const blocks: PromptBlock[] = [];
  let hasMarks = body['prompt_cache_options'] !== undefined;
  const { tools, instructions, messages, input } = body;
  const add = (place: PromptBlock['place'], path: PromptBlock['path'], text: string, type: unknown): void => {
    if (text === '') return;
    blocks.push({
      place,
      path,
      text,
      tokenCount: blockTokenCount(type, text),
      isMarkable: (type === 'text' || type === 'input_text') && /^(system|developer|user)\n/.test(text),
      speaker: place === 'message' ? speakerOf(text) : null,
      run: place === 'message' && isResult(text) ? 'result' : null,
    });
  };
  const written = (value: unknown): string =>
    JSON.stringify(value, (key, inner: unknown) => {
      if (key !== 'prompt_cache_breakpoint') return inner;
      hasMarks = true;
      return undefined;
    });

  if (Array.isArray(tools)) {
    tools.forEach((tool: unknown, index) => {
      add('tools', ['tools', index], written(tool), 'tool');
    });
  }
  if (typeof instructions === 'string') add('system', ['instructions'], instructions, 'instructions');
  const name = Array.isArray(messages) ? 'messages' : 'input';
  const items: unknown = messages ?? input;
  if (typeof items === 'string') add('message', ['input'], `user\n${items}`, 'text');
  let isLeading = true;
  for (const [index, item] of (Array.isArray(items) ? items : []).entries()) {
    if (!isObject(item)) continue;
    const role = typeof item['role'] === 'string' ? item['role'] : '';
    // What the system says first; what it says between the turns belongs to them.
    isLeading &&= role === 'system' || role === 'developer';
    const place = isLeading ? 'system' : 'message';
    const { content, ...rest } = item;
    if (typeof content === 'string') add(place, [name, index, 'content'], `${role}\n${content}`, 'text');
    for (const [part, inner] of (Array.isArray(content) ? content : []).entries()) {
      const { type, text } = isObject(inner) ? inner : {};
      const path = [name, index, 'content', part];
      if (isObject(inner) && inner['prompt_cache_breakpoint'] !== undefined) hasMarks = true;
      if (typeof text === 'string') add(place, path, `${role}\n${text}`, type);
      else add(place, path, `${role}\n${written(inner)}`, type);
    }
    // Calls, results and whatever else an item is.
    const others = Object.keys(rest).filter((key) => key !== 'role' && key !== 'tool_call_id');
    if (others.length > 0) add(place, [name, index], `${role}\n${written(rest)}`, 'item');
  }
  const { tool_choice: choice, response_format: format, text, reasoning_effort: effort } = body;
  // The end of the prompt is marked by the provider itself, whatever stands there.
  const last = blocks.pop();
  if (last !== undefined) blocks.push({ ...last, isMarkable: true });
  return {
    blocks,
    messageSettings: JSON.stringify([choice ?? null, format ?? null, text ?? null, effort ?? null]),
    hasMarks,
  };
}

/** By the role that a block's text begins with. Calls and results of the responses API have none, and tell by their type. */
function speakerOf(text: string): PromptBlock['speaker'] {
  if (text.startsWith('user\n') || isResult(text)) return 'user';
  return text.startsWith('assistant\n') || text.startsWith('\n') ? 'assistant' : null;
}

function isResult(text: string): boolean {
  return text.startsWith('tool\n') || /^\n.*"type":"\w*_output"/.test(text);
}

import { blockTokenCount, isObject, type PromptBlock, type PromptBlocks } from './prompt-block.ts';

/**
 * Pure: a body of Anthropic's messages in the order in which its cache reads it: tools, system, messages.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function anthropicBlocks(body: Readonly<Record<string, unknown>>): PromptBlocks {
  const found: Found = { blocks: [], hasMarks: body['cache_control'] !== undefined };
  const { tools, system, messages } = body;
  if (Array.isArray(tools)) {
    tools.forEach((tool: unknown, index) => {
      addTool(found, tool, index);
    });
  }
  addContent(found, 'system', ['system'], '', system);
  if (Array.isArray(messages)) {
    messages.forEach((message: unknown, index) => {
      if (!isObject(message)) return;
      const role = typeof message['role'] === 'string' ? message['role'] : '';
      addContent(found, 'message', ['messages', index, 'content'], role, message['content']);
    });
  }
  const { tool_choice: choice, thinking, output_config: output } = body;
  return { ...found, messageSettings: JSON.stringify([choice ?? null, thinking ?? null, output ?? null]) };
}

interface Found {
  readonly blocks: PromptBlock[];
  hasMarks: boolean;
}

/** Types that take `cache_control` when they are not empty; thoughts do not. */
const markable: ReadonlySet<unknown> = new Set(['text', 'image', 'document', 'tool_use', 'tool_result']);

function addTool(found: Found, tool: unknown, index: number): void {
  const text = written(found, tool);
  found.blocks.push({
    place: 'tools',
    path: ['tools', index],
    text,
    tokenCount: blockTokenCount('tool', text),
    isMarkable: isObject(tool) && tool['defer_loading'] !== true,
    speaker: null,
    run: null,
  });
}

function addContent(
  found: Found,
  place: 'system' | 'message',
  path: readonly (string | number)[],
  role: string,
  content: unknown,
): void {
  if (typeof content === 'string') {
    if (content !== '') found.blocks.push(textBlock(place, path, role, content));
    return;
  }
  if (!Array.isArray(content)) return;
  content.forEach((part: unknown, index) => {
    if (!isObject(part)) return;
    const { type, text } = part;
    const own = [...path, index];
    if (part['cache_control'] !== undefined) found.hasMarks = true;
    if (type === 'text' && typeof text === 'string') {
      found.blocks.push(textBlock(place, own, role, text));
      return;
    }
    const all = written(found, part);
    found.blocks.push({
      place,
      path: own,
      text: `${role}\n${all}`,
      tokenCount: blockTokenCount(type, all),
      isMarkable: markable.has(type),
      speaker: speakerOf(role),
      run: type === 'tool_use' ? 'call' : type === 'tool_result' ? 'result' : null,
    });
  });
}

function textBlock(
  place: 'system' | 'message',
  path: readonly (string | number)[],
  role: string,
  text: string,
): PromptBlock {
  return {
    place,
    path,
    text: `${role}\n${text}`,
    tokenCount: blockTokenCount('text', text),
    // Anthropic refuses a mark on an empty text.
    isMarkable: text.trim() !== '',
    speaker: speakerOf(role),
    run: null,
  };
}

function speakerOf(role: string): PromptBlock['speaker'] {
  return role === 'user' || role === 'assistant' ? role : null;
}

/** All of it but marks, which clients move from request to request, and which are not part of the prompt. */
function written(found: Found, value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key !== 'cache_control') return inner;
    found.hasMarks = true;
    return undefined;
  });
}

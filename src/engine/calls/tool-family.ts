/** How a model writes its calls. */
export type ToolFamily =
  /** `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen and many after them. */
  | 'hermes'
  /** Llama 3: `{"name": …, "parameters": …}`, perhaps after `<|python_tag|>`. */
  | 'llama'
  /** `[TOOL_CALLS][{"name": …, "arguments": …}]` */
  | 'mistral'
  /** `[TOOL_CALLS]name[ARGS]{…}`: Mistral's models of 2025 and later. */
  | 'mistral-named'
  /** Gemma 2 and 3, whose template knows no tools: told and written as Google documents it. */
  | 'gemma'
  /** Whatever else: told by a system text to write as Hermes does. */
  | 'generic'
  /** DeepSeek-V3 and R1: name and fenced JSON between control tokens. */
  | 'deepseek'
  /** DeepSeek-V3.1: the same without kind and fence. */
  | 'deepseek-named'
  /** Granite 3: `<|tool_call|>[{"name": …, "arguments": …}]` */
  | 'granite'
  /** Phi-4-mini: the same with a closing token. */
  | 'phi'
  /** GPT-OSS: messages with channels and recipients. */
  | 'harmony';

/** One character of a tool's name. */
export const toolNamePattern = /[\w./:-]/;

/** The family by the words that stand in the chat template; of one without any, by its turns. */
export function toolFamilyOf(template: string): ToolFamily {
  if (template.includes('[TOOL_CALLS]')) return 'mistral';
  if (template.includes('<tool_call>')) return 'hermes';
  if (template.includes('<|channel|>') && template.includes('<|message|>')) return 'harmony';
  if (template.includes('<｜tool▁calls▁begin｜>')) return 'deepseek';
  if (template.includes('<|start_of_role|>')) return 'granite';
  if (template.includes('<|tool|>') && template.includes('<|/tool|>')) return 'phi';
  if (template.includes('<|python_tag|>') || /<\|start_header_id\|>ipython/.test(template)) return 'llama';
  if (template.includes('<start_of_turn>')) return 'gemma';
  return 'generic';
}

/**
 * The family by what the template makes of a call, where its words alone mislead: some write Mistral's calls by name,
 * and several (GLM, Qwen's coders, MiniMax) put XML of their own where Hermes has JSON.
 * @param family by `toolFamilyOf`
 * @returns null where the template writes its calls in no way that is known here
 */
export function writtenFamilyOf(family: ToolFamily, toolName: string, rendered: string): ToolFamily | null {
  const isNamed = rendered.includes(`[TOOL_CALLS]${toolName}`);
  if (family === 'mistral') return isNamed ? 'mistral-named' : 'mistral';
  if (family === 'hermes')
    return new RegExp(`<tool_call>\\s*\\{\\s*"name":\\s*"${toolName}"`).test(rendered) ? 'hermes' : null;
  if (family === 'deepseek')
    return rendered.includes(`<｜tool▁call▁begin｜>${toolName}<｜tool▁sep｜>`)
      ? 'deepseek-named'
      : 'deepseek';
  return family;
}

/** How a model writes its calls. */
export type ToolFamily =
  /** `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen and many after them. */
  | 'hermes'
  /** Llama 3: `{"name": …, "parameters": …}`, perhaps after `<|python_tag|>`. */
  | 'llama'
  /** `[TOOL_CALLS][{"name": …, "arguments": …}]` */
  | 'mistral'
  /** Gemma 2 and 3, whose template knows no tools: told and written as Google documents it. */
  | 'gemma'
  /** Whatever else: told by a system text to write as Hermes does. */
  | 'generic';

/** One character of a tool's name. */
export const toolNamePattern = /[\w./:-]/;

/** The family by the syntax that stands in the chat template; of one without any, by its turns. */
export function toolFamilyOf(template: string): ToolFamily {
  if (template.includes('[TOOL_CALLS]')) return 'mistral';
  // Templates that teach Qwen's later XML form name it beside the tag; their models do not write JSON in it.
  if (template.includes('<tool_call>') && !template.includes('<function=')) return 'hermes';
  if (template.includes('<|python_tag|>') || /<\|start_header_id\|>ipython/.test(template)) return 'llama';
  if (template.includes('<start_of_turn>')) return 'gemma';
  return 'generic';
}

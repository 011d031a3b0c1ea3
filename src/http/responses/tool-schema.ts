import { z } from 'zod';
import type { Tool, ToolUse } from '../../chat/tool.ts';
import { ignored, optional } from '../schema-field.ts';
import { objectSchema, toolName, toolParameters, toolUse, type RequestedChoice } from '../tool-use.ts';

/** Tools that OpenAI runs itself, or that only its models write. */
const builtIn = [
  'apply_patch',
  'code_interpreter',
  'computer',
  'computer_use_preview',
  'custom',
  'file_search',
  'image_generation',
  'local_shell',
  'mcp',
  'namespace',
  'shell',
  'tool_search',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
];

/** Names a type that is OpenAI's own; of others the value stays unsaid, as everywhere. */
function onlyFunctions(type: unknown): string {
  const named =
    typeof type === 'string' && builtIn.includes(type) ? `the tool ${type} is OpenAI's own; ` : '';
  return `${named}only tools of type "function" are supported`;
}

const functionType = z.literal('function', { error: (issue) => onlyFunctions(issue.input) });

const tool = z.strictObject({
  type: functionType,
  name: toolName,
  description: optional(z.string()),
  parameters: optional(toolParameters),
  strict: ignored('calls in the syntax of the model are held to the schema in any case'),
});

const namedFunction = z.strictObject({ type: functionType, name: z.string() });

export const toolFields = {
  tools: optional(z.array(tool)),
  tool_choice: optional(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({
        type: z.literal('allowed_tools'),
        mode: z.enum(['auto', 'required']),
        tools: z.array(namedFunction).min(1),
      }),
      namedFunction,
    ]),
  ),
  parallel_tool_calls: optional(z.boolean()).meta({ description: 'False: at most one call in an answer.' }),
};

type ToolBody = z.infer<z.ZodObject<typeof toolFields>>;

/** @throws NearfarError as `toolUse` does */
export function responsesToolUse(body: ToolBody): ToolUse | undefined {
  const all = (body.tools ?? []).map(({ name, description, parameters }, index): Tool => {
    const field = `tools[${index}].parameters`;
    return { name, description: description ?? '', parameters: objectSchema(parameters, field), field };
  });
  const request = {
    toolsField: 'tools',
    choiceField: 'tool_choice',
    allowsParallel: body.parallel_tool_calls ?? true,
  };
  const choice = body.tool_choice ?? 'auto';
  if (typeof choice === 'string') return toolUse({ ...request, tools: all, choice: { kind: choice } });
  if (choice.type === 'function') {
    return toolUse({ ...request, tools: all, choice: named(choice.name, 'tool_choice.name') });
  }
  choice.tools.forEach(({ name }, index) => {
    // Checked as a named choice is.
    toolUse({ ...request, tools: all, choice: named(name, `tool_choice.tools[${index}].name`) });
  });
  const names = new Set(choice.tools.map(({ name }) => name));
  return toolUse({
    ...request,
    tools: all.filter(({ name }) => names.has(name)),
    choice: { kind: choice.mode },
  });
}

function named(name: string, field: string): RequestedChoice {
  return { kind: 'named', name, field };
}

import { z } from 'zod';
import type { Tool, ToolUse } from '../../chat/tool.ts';
import { ignored, optional, unsupported, unsupportedMark } from '../schema-field.ts';
import { objectSchema, toolName, toolParameters, toolUse } from '../tool-use.ts';

const noServerTools = 'only tools that the client runs (of no type, or of type "custom") are supported';

const anthropicTool = z.strictObject({
  type: optional(z.literal('custom', { error: noServerTools })),
  name: toolName,
  description: optional(z.string()),
  input_schema: toolParameters,
  strict: ignored('calls in the syntax of the model are held to the schema in any case'),
  input_examples: unsupported('examples are not passed to the model; put them into the description'),
  allowed_callers: unsupported('tools are called by the model only', []),
  defer_loading: unsupported('all tools are shown to the model'),
  eager_input_streaming: ignored('inputs are always streamed as they are written'),
  cache_control: ignored('prefixes are found by themselves'),
});

const parallel = { disable_parallel_tool_use: optional(z.boolean()) };

export const toolFields = {
  tools: optional(
    z.array(
      // Server tools have fields of their own; the type says more than the first of those would.
      z
        .unknown()
        .refine((tool) => !isServerTool(tool), {
          error: noServerTools,
          params: unsupportedMark,
          path: ['type'],
        })
        .pipe(anthropicTool),
    ),
  ),
  tool_choice: optional(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['auto', 'any']), ...parallel }),
      z.strictObject({ type: z.literal('tool'), name: z.string(), ...parallel }),
      z.strictObject({ type: z.literal('none') }),
    ]),
  ),
};

function isServerTool(tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null || !('type' in tool)) return false;
  return typeof tool.type === 'string' && tool.type !== 'custom';
}

type ToolBody = z.infer<z.ZodObject<typeof toolFields>>;

const kinds = { auto: 'auto', any: 'required', none: 'none' } as const;

/** @throws NearfarError as `toolUse` does */
export function anthropicToolUse(body: ToolBody): ToolUse | undefined {
  const choice = body.tool_choice ?? { type: 'auto' as const };
  return toolUse({
    tools: (body.tools ?? []).map(({ name, description, input_schema: schema }, index): Tool => {
      const field = `tools[${index}].input_schema`;
      return { name, description: description ?? '', parameters: objectSchema(schema, field), field };
    }),
    toolsField: 'tools',
    choice:
      choice.type === 'tool'
        ? { kind: 'named', name: choice.name, field: 'tool_choice.name' }
        : { kind: kinds[choice.type] },
    choiceField: 'tool_choice',
    allowsParallel: !('disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use === true),
  });
}

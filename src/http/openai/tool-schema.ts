import { z } from 'zod';
import type { Tool } from '../../chat/tool.ts';
import { ignored, optional, unsupportedMark } from '../schema-field.ts';
import { objectSchema, toolName, toolParameters, toolUse, type RequestedChoice } from '../tool-use.ts';
import type { ToolUse } from '../../chat/tool.ts';

const onlyFunctions = 'only tools of type "function" are supported';

const openaiTool = z.strictObject({
  type: z.literal('function', { error: onlyFunctions }),
  function: z.strictObject({
    name: toolName,
    description: optional(z.string()),
    parameters: optional(toolParameters),
    strict: ignored('calls in the syntax of the model are held to the schema in any case'),
  }),
});

const namedFunction = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({ name: z.string() }),
});

export const toolFields = {
  tools: optional(z.array(openaiTool)),
  tool_choice: optional(
    z.union([
      z.enum(['none', 'auto', 'required']),
      namedFunction,
      z.strictObject({
        type: z.literal('allowed_tools'),
        allowed_tools: z.strictObject({
          mode: z.enum(['auto', 'required']),
          tools: z.array(namedFunction).min(1),
        }),
      }),
    ]),
  ),
  parallel_tool_calls: optional(z.boolean()).meta({ description: 'False: at most one call in an answer.' }),
};

type ToolBody = z.infer<z.ZodObject<typeof toolFields>>;

/** A call of an earlier answer. */
export const assistantCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function', { error: onlyFunctions }),
  function: z.strictObject({
    name: z.string().min(1),
    arguments: z.string().meta({ description: 'JSON text, as it came.' }),
  }),
  /** Some clients send a stream's pieces back as they put them together. */
  index: ignored('the place in the list counts'),
});

/** A field of the API before tools. */
export function olderField(newer: string): z.ZodOptional<z.ZodType> {
  return z
    .custom(
      (value) =>
        value === undefined || value === null || value === 'none' || value === 'auto' || isEmpty(value),
      {
        error: `the older form is not supported; send ${newer}`,
        params: unsupportedMark,
      },
    )
    .optional()
    .meta({
      description: `Not supported: the older form of ${newer}. Only values that turn it off are accepted.`,
    });
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** @throws NearfarError as `toolUse` does */
export function openaiToolUse(body: ToolBody): ToolUse | undefined {
  const all = (body.tools ?? []).map(({ function: { name, description, parameters } }, index): Tool => {
    const field = `tools[${index}].function.parameters`;
    return { name, description: description ?? '', parameters: objectSchema(parameters, field), field };
  });
  const choice = body.tool_choice ?? 'auto';
  const request = {
    toolsField: 'tools',
    choiceField: 'tool_choice',
    allowsParallel: body.parallel_tool_calls ?? true,
  };
  if (typeof choice === 'string') return toolUse({ ...request, tools: all, choice: { kind: choice } });
  if (choice.type === 'function') {
    return toolUse({
      ...request,
      tools: all,
      choice: named(choice.function.name, 'tool_choice.function.name'),
    });
  }
  const { mode, tools: allowed } = choice.allowed_tools;
  allowed.forEach(({ function: { name } }, index) => {
    // Checked as a named choice is.
    toolUse({
      ...request,
      tools: all,
      choice: named(name, `tool_choice.allowed_tools.tools[${index}].function.name`),
    });
  });
  const names = new Set(allowed.map((tool) => tool.function.name));
  return toolUse({ ...request, tools: all.filter((tool) => names.has(tool.name)), choice: { kind: mode } });
}

function named(name: string, field: string): RequestedChoice {
  return { kind: 'named', name, field };
}

import { z } from 'zod';
import type { Tool, ToolCall, ToolUse } from '../../chat/tool.ts';
import { ignored, optional } from '../schema-field.ts';
import { objectSchema, toolName, toolParameters, toolUse } from '../tool-use.ts';

const ollamaTool = z.strictObject({
  type: z.literal('function', { error: 'only tools of type "function" are supported' }),
  function: z.strictObject({
    name: toolName,
    description: optional(z.string()),
    parameters: optional(toolParameters),
    strict: ignored('calls in the syntax of the model are held to the schema in any case'),
  }),
});

export const ollamaTools = optional(z.array(ollamaTool));

export const ollamaToolChoice = optional(
  z.union([
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
  ]),
).meta({ description: "Extension: as OpenAI's. Auto where absent." });

/** A call of an earlier answer. */
export const ollamaCall = z.strictObject({
  id: optional(z.string().min(1)),
  type: ignored('there are only functions'),
  function: z.strictObject({
    index: ignored('the place in the list counts'),
    name: z.string().min(1),
    arguments: optional(z.record(z.string(), z.unknown())),
  }),
});

/** @throws NearfarError as `toolUse` does */
export function ollamaToolUse(
  tools: z.infer<typeof ollamaTools>,
  choice: z.infer<typeof ollamaToolChoice>,
): ToolUse | undefined {
  return toolUse({
    tools: (tools ?? []).map(({ function: { name, description, parameters } }, index): Tool => {
      const field = `tools[${index}].function.parameters`;
      return { name, description: description ?? '', parameters: objectSchema(parameters, field), field };
    }),
    toolsField: 'tools',
    choice:
      typeof choice === 'object' && choice !== null
        ? { kind: 'named', name: choice.function.name, field: 'tool_choice.function.name' }
        : { kind: choice ?? 'auto' },
    choiceField: 'tool_choice',
    allowsParallel: true,
  });
}

/** @param index place of the call in the conversation, for its id where it has none */
export function toolCallOf(call: z.infer<typeof ollamaCall>, index: number): ToolCall {
  const { name, arguments: values } = call.function;
  return { id: call.id ?? `call_${index}`, name, arguments: JSON.stringify(values ?? {}) };
}

import { describe, expect, it } from 'vitest';
import type { ToolUse } from '../../chat/tool.ts';
import { toolGrammar, type ToolGrammarSetup } from './tool-grammar.ts';
import { createToolGrammars } from './tool-grammars.ts';

const setup: ToolGrammarSetup = { family: 'hermes', reasoning: null, beginsReasoning: false, controls: [] };

function tools(count: number, extra: object = {}): ToolUse {
  const properties = { text: { type: 'string', description: 'x'.repeat(200), ...extra } };
  return {
    tools: Array.from({ length: count }, (_, index) => ({
      name: `tool_${index}`,
      description: '',
      parameters: { type: 'object', properties },
      field: `tools[${index}].function.parameters`,
    })),
    choice: { kind: 'required' },
    allowsParallel: true,
  };
}

describe('createToolGrammars', () => {
  it.each([1, 30])('compiles %i tools as one call would, and keeps them', async (count) => {
    const grammars = createToolGrammars();
    const first = await grammars.compile(tools(count), setup);
    expect(first).toEqual(toolGrammar(tools(count), setup));
    expect(await grammars.compile(tools(count), setup)).toBe(first);
    expect(await grammars.compile(tools(count), { ...setup, family: 'llama' })).not.toEqual(first);
  });

  it.each([1, 30])(
    'names the field of what cannot be enforced, of %i tools, again and again',
    async (count) => {
      const grammars = createToolGrammars();
      const wrong = tools(count, { format: 'no-such-format' });
      for (let time = 0; time < 2; time++) {
        await expect(grammars.compile(wrong, setup)).rejects.toMatchObject({
          status: 400,
          message: expect.stringContaining('tools[0].function.parameters') as string,
        });
      }
    },
  );
});

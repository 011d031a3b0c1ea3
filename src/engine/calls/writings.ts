import { deepseekNamedWriting, deepseekWriting } from './deepseek.ts';
import { graniteWriting } from './granite.ts';
import { harmonyWriting } from './harmony.ts';
import { phiWriting } from './phi.ts';
import type { ToolFamily } from './tool-family.ts';
import { listed, type Writing } from './writing.ts';

const tagged: Writing = {
  before: (name) => `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": `,
  after: '}\n</tool_call>',
  separator: '\n',
  open: '',
  close: '',
  triggers: ['<tool_call>'],
  openers: [],
  mark: null,
};

const bare: Writing = {
  before: (name) => `{"name": ${JSON.stringify(name)}, "parameters": `,
  after: '}',
  separator: null,
  open: '',
  close: '',
  triggers: [],
  openers: ['{"name": "'],
  mark: null,
};

/** How each family's calls are written. */
export const writings: Readonly<Record<ToolFamily, Writing>> = {
  hermes: tagged,
  generic: tagged,
  llama: { ...bare, mark: '<|python_tag|>' },
  gemma: bare,
  mistral: { ...listed, open: '[TOOL_CALLS][', close: ']', triggers: ['[TOOL_CALLS]'] },
  'mistral-named': {
    before: (name) => `[TOOL_CALLS]${name}[ARGS]`,
    after: '',
    separator: '',
    open: '',
    close: '',
    triggers: ['[TOOL_CALLS]'],
    openers: [],
    mark: null,
  },
  deepseek: deepseekWriting,
  'deepseek-named': deepseekNamedWriting,
  granite: graniteWriting,
  phi: phiWriting,
  harmony: harmonyWriting,
};

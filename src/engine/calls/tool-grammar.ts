import type { Tool, ToolUse } from '../../chat/tool.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import type { CompiledGrammar, GrammarPart } from '../grammar/grammar-part.ts';
import type { ReasoningTags } from './reasoning-splitter.ts';
import type { ToolFamily } from './tool-family.ts';

/** A grammar with triggers that count only at the beginning of the answer. */
export interface ToolGrammar extends CompiledGrammar {
  readonly openers: readonly string[];
}

export interface ToolGrammarSetup {
  readonly family: ToolFamily;
  /** Null: the model does not reason, or shall not. */
  readonly reasoning: ReasoningTags | null;
  /** True where the prompt ends inside the reasoning. */
  readonly beginsReasoning: boolean;
  /** Those words of the syntax that are control tokens of the model; the others are text. */
  readonly controls: readonly string[];
}

/** How a family's calls are written where a grammar holds: one way of those that are read. */
interface Writing {
  /** What stands before a call's arguments, and behind them. */
  readonly before: (name: string) => string;
  readonly after: string;
  /** Between calls; null: one call at most. */
  readonly separator: string | null;
  /** Around all calls. */
  readonly open: string;
  readonly close: string;
  /** What shows that calls begin, anywhere. */
  readonly triggers: readonly string[];
  /** And what shows it at the beginning of the answer only. */
  readonly openers: readonly string[];
  /** A control token that may stand before it all, where the model has it. */
  readonly mark: string | null;
}

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

const writings: Readonly<Record<ToolFamily, Writing>> = {
  hermes: tagged,
  generic: tagged,
  llama: { ...bare, mark: '<|python_tag|>' },
  gemma: bare,
  mistral: {
    before: (name) => `{"name": ${JSON.stringify(name)}, "arguments": `,
    after: '}',
    separator: ', ',
    open: '[TOOL_CALLS][',
    close: ']',
    triggers: ['[TOOL_CALLS]'],
    openers: [],
    mark: null,
  },
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
};

/**
 * Where a call is asked for, the answer is calls, with the reasoning before them where the model reasons; else it is free
 * until the family's opener has been written.
 * @throws NearfarError as `compileGrammar` does, naming the tool's field
 */
export function toolGrammar(toolUse: ToolUse, setup: ToolGrammarSetup): ToolGrammar {
  const { choice, allowsParallel } = toolUse;
  const writing = writings[setup.family];
  const tools =
    choice.kind === 'named' ? toolUse.tools.filter((tool) => tool.name === choice.name) : toolUse.tools;
  const spell = (text: string) => spelled(text, setup.controls);
  const calls = callsPart(tools, writing, allowsParallel, spell);
  if (choice.kind === 'auto') {
    const { triggers, openers, mark } = writing;
    if (mark === null || !setup.controls.includes(mark))
      return { ...compileGrammar(calls, triggers), openers };
    const options = [calls, sequence(spell(mark), calls)];
    return { ...compileGrammar({ kind: 'choice', options }, [...triggers, mark]), openers };
  }
  const { reasoning } = setup;
  if (reasoning === null) return { ...compileGrammar(calls), openers: [] };
  const closing = sequence(spell(reasoning.close), literal('\n\n'));
  // The reasoning is free; its closing tag is where calls must begin.
  if (setup.beginsReasoning) {
    return { ...compileGrammar(sequence(closing, calls), [reasoning.close]), openers: [] };
  }
  const thought: GrammarPart = { kind: 'free-text', without: [reasoning.close] };
  const options = [calls, sequence(spell(reasoning.open), thought, closing, calls)];
  return { ...compileGrammar({ kind: 'choice', options }), openers: [] };
}

function callsPart(
  tools: readonly Tool[],
  writing: Writing,
  allowsParallel: boolean,
  spell: (text: string) => GrammarPart,
): GrammarPart {
  const options = tools.map((tool) => callPart(tool, writing, spell));
  const call: GrammarPart =
    options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'choice', options };
  const { separator } = writing;
  const several: GrammarPart =
    separator === null || !allowsParallel
      ? call
      : {
          kind: 'repeat',
          part: call,
          min: 1,
          max: null,
          ...(separator !== '' && { separator: literal(separator) }),
        };
  return sequence(spell(writing.open), several, literal(writing.close));
}

function callPart(tool: Tool, writing: Writing, spell: (text: string) => GrammarPart): GrammarPart {
  const values: GrammarPart = { kind: 'json', schema: tool.parameters, field: tool.field };
  return sequence(spell(writing.before(tool.name)), values, spell(writing.after));
}

/** A text in which the syntax's own words may be control tokens. */
function spelled(text: string, controls: readonly string[]): GrammarPart {
  const parts = text.split(/(<\/?\|?\w+\|?>|\[\/?[A-Z_]+\])/).filter((part) => part !== '');
  return sequence(
    ...parts.map((part): GrammarPart =>
      controls.includes(part) ? { kind: 'control', spelling: part } : literal(part),
    ),
  );
}

function literal(text: string): GrammarPart {
  return { kind: 'literal', text };
}

function sequence(...parts: readonly GrammarPart[]): GrammarPart {
  return { kind: 'sequence', parts };
}

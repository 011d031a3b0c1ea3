import type { Tool, ToolUse } from '../../chat/tool.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import type { CompiledGrammar, GrammarPart } from '../grammar/grammar-part.ts';
import { defaultGap, type ReasoningTags } from './reasoning-splitter.ts';
import type { ToolFamily } from './tool-family.ts';
import type { Writing } from './writing.ts';
import { writings } from './writings.ts';

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
  const isAuto = choice.kind === 'auto';
  const calls = callsPart(tools, writing, { allowsParallel, isTriggered: isAuto, spell });
  if (isAuto) {
    const { triggers, openers, mark } = writing;
    if (mark === null || !setup.controls.includes(mark))
      return { ...compileGrammar(calls, triggers), openers };
    const options = [calls, sequence(spell(mark), calls)];
    return { ...compileGrammar({ kind: 'choice', options }, [...triggers, mark]), openers };
  }
  const { reasoning } = setup;
  if (reasoning === null) return { ...compileGrammar(calls), openers: [] };
  const closing = sequence(spell(reasoning.close), spell(reasoning.gap ?? defaultGap));
  // The reasoning is free; its closing tag is where calls must begin.
  if (setup.beginsReasoning) {
    return { ...compileGrammar(sequence(closing, calls), [reasoning.close]), openers: [] };
  }
  const thought: GrammarPart = { kind: 'free-text', without: [reasoning.close] };
  const options = [calls, sequence(spell(reasoning.open), thought, closing, calls)];
  return { ...compileGrammar({ kind: 'choice', options }), openers: [] };
}

interface CallsSetup {
  readonly allowsParallel: boolean;
  /** Whether they begin with a trigger that has been written. */
  readonly isTriggered: boolean;
  readonly spell: (text: string) => GrammarPart;
}

function callsPart(tools: readonly Tool[], writing: Writing, setup: CallsSetup): GrammarPart {
  const { spell } = setup;
  const call = oneOf(tools.map((tool) => callPart(tool, writing, setup)));
  const { separator } = writing;
  const several: GrammarPart =
    separator === null || !setup.allowsParallel
      ? call
      : {
          kind: 'repeat',
          part: call,
          min: 1,
          max: null,
          ...(separator !== '' && { separator: literal(separator) }),
        };
  return sequence(spell(writing.open), several, spell(writing.close));
}

function callPart(tool: Tool, writing: Writing, { isTriggered, spell }: CallsSetup): GrammarPart {
  const { before, behindTrigger, after } = writing;
  const heads = (isTriggered ? behindTrigger?.(tool.name) : undefined) ?? [before(tool.name)];
  const values: GrammarPart = { kind: 'json', schema: tool.parameters, field: tool.field };
  return sequence(oneOf(heads.map(spell)), values, spell(after));
}

function oneOf(options: readonly GrammarPart[]): GrammarPart {
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
}

/** A text in which the syntax's own words may be control tokens. */
function spelled(text: string, controls: readonly string[]): GrammarPart {
  const parts: GrammarPart[] = [];
  let from = 0;
  const next = (): { at: number; word: string } | null => {
    let found: { at: number; word: string } | null = null;
    for (const word of controls) {
      const at = text.indexOf(word, from);
      if (
        at < 0 ||
        (found !== null && (at > found.at || (at === found.at && word.length < found.word.length)))
      )
        continue;
      found = { at, word };
    }
    return found;
  };
  for (let found = next(); found !== null; found = next()) {
    parts.push(literal(text.slice(from, found.at)), { kind: 'control', spelling: found.word });
    from = found.at + found.word.length;
  }
  parts.push(literal(text.slice(from)));
  return sequence(...parts.filter((part) => part.kind !== 'literal' || part.text !== ''));
}

function literal(text: string): GrammarPart {
  return { kind: 'literal', text };
}

function sequence(...parts: readonly GrammarPart[]): GrammarPart {
  return { kind: 'sequence', parts };
}

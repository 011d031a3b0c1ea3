import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import { jinja } from './jinja.ts';
import { strftime } from './strftime.ts';
import { foldSystem, joinToResults, mergeNeighbours, separateCalls } from './template-adaptation.ts';
import { hasObject, templateInput, type TemplateInputOptions } from './template-input.ts';
import { probeToolRoles } from './template-tools.ts';
import { tellTools } from './tool-fallback.ts';

export interface TemplateSetup {
  readonly template: string;
  /** Text of the beginning- and end-of-sequence tokens; empty where the model has none. */
  readonly bosToken: string;
  readonly eosToken: string;
  readonly maxOutputChars: number;
}

/** Thrown by `raise_exception`: the template refuses these messages, in words meant for whoever sent them. */
export class TemplateRefusal extends Error {}

export class TemplateTooLong extends Error {}

export interface TemplateProgram {
  /** False where system texts are folded into the user's turn. */
  readonly knowsSystemRole: boolean;
  /** True where it writes tools, calls and results itself; else what it leaves out is told. */
  readonly knowsTools: boolean;
  /** How the model will write its calls. */
  readonly toolFamily: ToolFamily;
  /** @throws TemplateRefusal, TemplateTooLong, or whatever the template's own faults make the interpreter throw */
  render(conversation: Conversation, addGenerationPrompt: boolean): string;
}

/** No template builds lists near this long; a hostile one could fill the memory with one call. */
const longestRange = 100_000;

function range(start: number, stop?: number, step = 1): number[] {
  const first = stop === undefined ? 0 : start;
  const end = stop ?? start;
  const length = Math.max(0, Math.ceil((end - first) / step));
  if (!(length <= longestRange)) throw new Error(`range() of ${length} numbers is too long`);
  return Array.from({ length }, (_, index) => first + index * step);
}

/**
 * What a template may take for given. Left undefined first, as most expect; some go through these lists without
 * asking, which the interpreter, unlike Python's, does not forgive.
 */
const assumptions: readonly Assumption[] = [
  { globals: {}, hasEmptyCalls: false },
  { globals: { tools: [], documents: [] }, hasEmptyCalls: false },
  // Through the calls of messages that have none, too.
  { globals: { tools: [], documents: [] }, hasEmptyCalls: true },
];

interface Assumption {
  readonly globals: Readonly<Record<string, unknown>>;
  readonly hasEmptyCalls: boolean;
}

const probeText = 'nearfar-system-probe';

const probeQuestion: Message = { role: 'user', content: 'hello' };

/**
 * Parses a chat template, with the globals that Hugging Face's `apply_chat_template` gives it. Runs untrusted
 * code of a small language: call it where it can be stopped.
 * @throws SyntaxError where the template cannot be parsed
 */
export function createTemplateProgram(setup: TemplateSetup): TemplateProgram {
  const program = jinja.parse(jinja.tokenize(setup.template, { lstrip_blocks: true, trim_blocks: true }));

  let [assumed] = assumptions;
  let inputOptions: TemplateInputOptions = { family: 'generic', argumentForm: 'object' };

  function run(conversation: Conversation, addGenerationPrompt: boolean): string {
    const environment = new jinja.Environment();
    const globals: Record<string, unknown> = {
      true: true,
      false: false,
      none: null,
      True: true,
      False: false,
      None: null,
      range,
      strftime_now: (format: string) => strftime(new Date(), format),
      raise_exception: (message: unknown) => {
        throw new TemplateRefusal(String(message));
      },
      bos_token: setup.bosToken,
      eos_token: setup.eosToken,
      add_generation_prompt: addGenerationPrompt,
      ...assumed?.globals,
      ...templateInput(conversation, { ...inputOptions, hasEmptyCalls: assumed?.hasEmptyCalls === true }),
    };
    for (const [name, value] of Object.entries(globals)) environment.set(name, value);
    const text = String(new jinja.Interpreter(environment).run(program).value);
    if (text.length > setup.maxOutputChars) {
      throw new TemplateTooLong(
        `The chat template's output has ${text.length} characters, more than the ${setup.maxOutputChars} allowed.`,
      );
    }
    return text;
  }

  function canRun(): boolean {
    try {
      run({ messages: [probeQuestion] }, true);
      run({ messages: [probeQuestion, { role: 'assistant', content: 'hi' }, probeQuestion] }, true);
      return true;
    } catch (thrown) {
      return thrown instanceof TemplateRefusal;
    }
  }

  for (assumed of assumptions) if (canRun()) break;

  /** Templates without the role either refuse it or leave its text out. */
  function probeSystemRole(): boolean {
    try {
      const text = run({ messages: [{ role: 'system', content: probeText }, probeQuestion] }, true);
      return text.includes(probeText);
    } catch {
      return false;
    }
  }

  const knowsSystemRole = probeSystemRole();
  const roles = probeToolRoles(setup.template, (conversation, input) => {
    inputOptions = input;
    return run(conversation, true);
  });
  inputOptions = roles.input;

  /**
   * Several dialects allow what some templates refuse: a late system text, two turns of one role, calls in parallel, a
   * user who speaks right behind results.
   */
  function* attempts(conversation: Conversation): Generator<Conversation> {
    const told = tellTools(conversation, roles);
    const known = knowsSystemRole ? told.messages : foldSystem(told.messages);
    yield { ...told, messages: known };
    const separate = separateCalls(known);
    yield { ...told, messages: separate };
    const merged = mergeNeighbours(foldAfterStart(separate));
    yield { ...told, messages: merged };
    yield { ...told, messages: mergeNeighbours(joinToResults(merged)) };
  }

  return {
    knowsSystemRole,
    knowsTools: roles.lists && roles.exchanges,
    toolFamily: roles.family,
    render(conversation, addGenerationPrompt) {
      let refusal: unknown = null;
      let incomplete: string | null = null;
      let attempted: readonly Message[] | null = null;
      for (const attempt of attempts(conversation)) {
        // What changes nothing would be refused again.
        if (attempted !== null && isSame(attempt.messages, attempted)) continue;
        attempted = attempt.messages;
        try {
          const text = run(attempt, addGenerationPrompt);
          if (saysSystemTexts(text, attempt.messages)) return text;
          incomplete ??= text;
        } catch (thrown) {
          const isFirst = refusal === null && incomplete === null;
          if (isFirst && !(thrown instanceof TemplateRefusal)) throw blamed(thrown, attempt.messages);
          refusal ??= thrown;
        }
      }
      if (incomplete !== null) return incomplete;
      throw refusal;
    },
  };
}

function isSame(messages: readonly Message[], others: readonly Message[]): boolean {
  return messages.length === others.length && messages.every((message, index) => message === others[index]);
}

/** Some templates pass over a system text that does not come first. */
function saysSystemTexts(text: string, messages: readonly Message[]): boolean {
  return messages.every(({ role, content }) => role !== 'system' || text.includes(content.trim()));
}

/** Templates that go through a call's arguments one by one fail over those that are no object, as of a call cut short. */
function blamed(thrown: unknown, messages: readonly Message[]): unknown {
  const calls = messages.flatMap((message) =>
    message.role === 'assistant' ? (message.toolCalls ?? []) : [],
  );
  const broken = calls.find((call) => !hasObject(call));
  if (broken === undefined) return thrown;
  return new TemplateRefusal(
    `the arguments of the call of ${broken.name} are not a JSON object, which it needs`,
  );
}

/** Leaves a system text at the start alone and folds later ones. */
function foldAfterStart(messages: readonly Message[]): readonly Message[] {
  const [first, ...rest] = messages;
  return first?.role === 'system' ? [first, ...foldSystem(rest)] : foldSystem(messages);
}

import type { Message } from '../../chat/request.ts';
import { jinja } from './jinja.ts';
import { strftime } from './strftime.ts';
import { foldSystem, mergeNeighbours } from './template-adaptation.ts';

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
  /** @throws TemplateRefusal, TemplateTooLong, or whatever the template's own faults make the interpreter throw */
  render(messages: readonly Message[], addGenerationPrompt: boolean): string;
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
const assumptions: readonly Readonly<Record<string, unknown>>[] = [{}, { tools: [], documents: [] }];

const probeText = 'nearfar-system-probe';

/**
 * Parses a chat template, with the globals that Hugging Face's `apply_chat_template` gives it. Runs untrusted
 * code of a small language: call it where it can be stopped.
 * @throws SyntaxError where the template cannot be parsed
 */
export function createTemplateProgram(setup: TemplateSetup): TemplateProgram {
  const program = jinja.parse(jinja.tokenize(setup.template, { lstrip_blocks: true, trim_blocks: true }));

  let assumed = assumptions[0];

  function run(messages: readonly Message[], addGenerationPrompt: boolean): string {
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
      // A copy: templates may not change what a second attempt is given.
      messages: messages.map((message) => ({ role: message.role, content: message.content })),
      add_generation_prompt: addGenerationPrompt,
      ...assumed,
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
      run([{ role: 'user', content: 'hello' }], true);
      return true;
    } catch (thrown) {
      return thrown instanceof TemplateRefusal;
    }
  }

  for (assumed of assumptions) if (canRun()) break;

  /** Templates without the role either refuse it or leave its text out. */
  function probeSystemRole(): boolean {
    try {
      const text = run(
        [
          { role: 'system', content: probeText },
          { role: 'user', content: 'hello' },
        ],
        true,
      );
      return text.includes(probeText);
    } catch {
      return false;
    }
  }

  const knowsSystemRole = probeSystemRole();

  return {
    knowsSystemRole,
    render(messages, addGenerationPrompt) {
      const known = knowsSystemRole ? messages : foldSystem(messages);
      try {
        return run(known, addGenerationPrompt);
      } catch (refusal) {
        if (!(refusal instanceof TemplateRefusal)) throw refusal;
        // Several dialects allow what some templates refuse: a late system text, two turns of one role.
        const adapted = mergeNeighbours(foldAfterStart(known));
        if (adapted.length === messages.length) throw refusal;
        try {
          return run(adapted, addGenerationPrompt);
        } catch {
          throw refusal;
        }
      }
    },
  };
}

/** Leaves a system text at the start alone and folds later ones. */
function foldAfterStart(messages: readonly Message[]): readonly Message[] {
  const [first, ...rest] = messages;
  return first?.role === 'system' ? [first, ...foldSystem(rest)] : foldSystem(messages);
}

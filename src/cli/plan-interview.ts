import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { platforms } from '../plan/decide/ask.ts';
import { goals, privacies } from '../plan/decide/question.ts';
import { UsageError, type OptionValues } from './command.ts';
import { checkHardware } from './plan-hardware.ts';
import { floorOf } from './plan-question.ts';

/** One question on the terminal: the option that it stands for, and how it is asked. */
interface Asked {
  readonly option: string;
  readonly text: string;
  readonly usual: string;
  /** Empty: anything goes that the option takes. */
  readonly choices: readonly string[];
  /** Throws where the option would not take it, so that the answers before it are not lost. */
  readonly check?: (answer: string) => unknown;
}

function counted(option: string, text: string, usual: string, least: number): Asked {
  const check = (answer: string): void => {
    if (!(Number(answer) >= least && Number.isFinite(Number(answer))))
      throw new UsageError(`${text}: expected a number from ${least}, got ${JSON.stringify(answer)}`);
  };
  return { option, text, usual, choices: [], check };
}

const questions: readonly Asked[] = [
  { option: 'goal', text: 'What matters most', usual: 'cost', choices: goals },
  counted('requests-per-day', 'Requests a day', '1000', 0),
  counted('prompt', 'Tokens of a prompt, on average', '500', 1),
  counted('answer', 'Tokens of an answer, on average', '200', 1),
  {
    option: 'privacy',
    text: 'Where may prompts go (any; own machines or rented; the device only)',
    usual: 'any',
    choices: privacies,
  },
  { option: 'platform', text: 'Where is it to answer', usual: 'server', choices: platforms },
  {
    option: 'hardware',
    text: 'Hardware that there is (this, "RTX 4090", "H100 x2"; none: what the platform has)',
    usual: '',
    choices: [],
    check: (answer) => wordsOf(answer).map(checkHardware),
  },
  {
    option: 'least-quality',
    text: 'How good at least (none, basic, gpt-3.5, gpt-4o, or a score)',
    usual: 'gpt-3.5',
    choices: [],
    check: floorOf,
  },
];

/** What a terminal reads and writes; given in tests. */
export interface Terminal {
  /** `null`: the person went away. */
  readonly ask: (prompt: string) => Promise<string | null>;
  readonly say: (line: string) => void;
}

/** Asks what the options leave open; an answer that is none of the choices is asked for again. `null` where nobody answers. */
export async function interview(options: OptionValues, terminal: Terminal): Promise<OptionValues | null> {
  const answers = new Map<string, string>();
  for (const { option, text, usual, choices, check } of questions) {
    if (options.text(option) !== undefined || options.list(option).length > 0) continue;
    const suffix = choices.length > 0 ? ` (${choices.join(', ')})` : '';
    for (;;) {
      const line = await terminal.ask(`${text}${suffix}${usual === '' ? '' : ` [${usual}]`}: `);
      if (line === null) return null;
      const answer = line.trim() === '' ? usual : line.trim();
      const problem = problemOf(answer, choices, check);
      if (problem === null) {
        if (answer !== '') answers.set(option, answer);
        break;
      }
      terminal.say(problem);
    }
  }
  return withAnswers(options, answers);
}

/** Why an answer is asked for again; `null`: it is taken. */
function problemOf(answer: string, choices: readonly string[], check: Asked['check']): string | null {
  if (choices.length > 0 && !choices.includes(answer)) return `Expected one of ${choices.join(', ')}.`;
  if (answer === '') return null;
  try {
    check?.(answer);
    return null;
  } catch (thrown) {
    if (thrown instanceof UsageError) return `${thrown.message}.`;
    throw thrown;
  }
}

const wordsOf = (answer: string): readonly string[] => answer.split(',').map((word) => word.trim());

function withAnswers(options: OptionValues, answers: ReadonlyMap<string, string>): OptionValues {
  return {
    flag: options.flag,
    text: (name) => options.text(name) ?? answers.get(name),
    list: (name) => {
      const given = options.list(name);
      const answer = answers.get(name);
      return given.length > 0 || answer === undefined ? given : wordsOf(answer);
    },
    number: (name, range) => {
      const answer = answers.get(name);
      if (answer === undefined) return options.number(name, range);
      const value = Number(answer);
      const { min = -Infinity, max = Infinity } = range ?? {};
      if (!Number.isFinite(value) || value < min || value > max)
        throw new RangeError(`${name}: expected a number of at least ${min}, got ${JSON.stringify(answer)}`);
      return value;
    },
  };
}

/** The terminal that the command runs on. */
export function openTerminal(): Terminal & { readonly close: () => void } {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  let isOpen = true;
  lines.on('close', () => {
    isOpen = false;
  });
  return {
    ask: async (prompt) => {
      if (!isOpen) return null;
      const closed = new AbortController();
      const onClose = () => {
        closed.abort();
      };
      lines.once('close', onClose);
      try {
        return await lines.question(prompt, { signal: closed.signal });
      } catch {
        return null;
      } finally {
        lines.off('close', onClose);
      }
    },
    say: (line) => {
      process.stdout.write(`${line}\n`);
    },
    close: () => {
      lines.close();
    },
  };
}

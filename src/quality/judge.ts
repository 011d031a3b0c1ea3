import { NearfarError } from '../chat/error.ts';
import type { Message, OutputFormat } from '../chat/request.ts';
import {
  combineOrders,
  favouredPlace,
  judgePrompt,
  readVerdict,
  verdictSchema,
  type Place,
  type Question,
  type Verdict,
} from './judge-prompt.ts';
import type { Outcome } from './outcome.ts';

/** What a judge said of two answers once it had read them in both orders. */
export interface Compared {
  /** Of the first of the two. */
  readonly outcome: Outcome;
  /** The place that it named both times, whichever answer stood there; null: it did not contradict itself so. */
  readonly favouredPlace: Place | null;
  /** What it said of each order. */
  readonly verdicts: readonly [straight: Verdict, exchanged: Verdict];
}

/** Asks the judging model one thing and resolves with all that it said. */
export type AskJudge = (
  messages: readonly Message[],
  outputFormat: OutputFormat,
  context: JudgeContext,
) => Promise<string>;

export interface JudgeContext {
  /** In whose name: prefixes are shared within one tenant only. */
  readonly tenant: string;
  readonly signal: AbortSignal;
}

export interface Judge {
  /**
   * How `one` compares with `other`, asked in both orders.
   * @returns null where the judge gave no verdict that can be read
   * @throws NearfarError what the judging model threw: nothing was judged then
   */
  compare(question: Question, one: string, other: string, context: JudgeContext): Promise<Compared | null>;
}

const verdictFormat: OutputFormat = {
  type: 'json_schema',
  name: 'verdict',
  schema: verdictSchema,
  strict: true,
  field: 'judge',
};

export function createJudge(ask: AskJudge): Judge {
  /** Found out at the first question: some servers cannot hold a model to a form. */
  let canBeHeld = true;

  async function verdict(messages: readonly Message[], context: JudgeContext): Promise<Verdict | null> {
    if (canBeHeld) {
      try {
        return readVerdict(await ask(messages, verdictFormat, context));
      } catch (thrown) {
        if (!isAboutForm(thrown)) throw thrown;
      }
    }
    const text = await ask(messages, { type: 'text' }, context);
    // Only now is it certain that the form was what it stumbled over.
    canBeHeld = false;
    return readVerdict(text);
  }

  return {
    async compare(question, one, other, context) {
      // The same words need no judge.
      if (one.trim() === other.trim())
        return { outcome: 'tie', favouredPlace: null, verdicts: ['tie', 'tie'] };
      const straight = await verdict(judgePrompt(question, one, other), context);
      if (straight === null) return null;
      const exchanged = await verdict(judgePrompt(question, other, one), context);
      if (exchanged === null) return null;
      return {
        outcome: combineOrders(straight, exchanged),
        favouredPlace: favouredPlace(straight, exchanged),
        verdicts: [straight, exchanged],
      };
    },
  };
}

/** An upstream says so in its own words; without the form the question is the same, so it is asked once more. */
function isAboutForm(thrown: unknown): boolean {
  return (
    thrown instanceof NearfarError && (thrown.kind === 'unsupported' || thrown.kind === 'invalid_request')
  );
}

import type { Conversation, ReasoningEffort, ReasoningSummary } from '../chat/request.ts';

type Reasoning = NonNullable<Conversation['reasoning']>;

/**
 * Tokens after which a model of this machine, which knows no levels, is made to stop thinking; the higher levels let it
 * think as long as it likes.
 */
const budgets: Readonly<Partial<Record<ReasoningEffort, number>>> = { minimal: 256, low: 1024 };

/** What an effort that a client stated asks for; undefined where it stated none. */
export function effortReasoning(
  effort: ReasoningEffort | null | undefined,
  field: string,
  summary?: ReasoningSummary | null,
): Reasoning | undefined {
  if (effort === undefined || effort === null) return undefined;
  const budgetTokenCount = budgets[effort];
  return {
    isWanted: effort !== 'none',
    field,
    effort,
    ...(budgetTokenCount === undefined ? {} : { budgetTokenCount }),
    ...(summary === undefined || summary === null ? {} : { summary }),
  };
}

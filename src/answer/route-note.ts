import type { CascadeOutcome, ChatPart } from '../chat/part.ts';
import type { LedgerRoute } from '../ledger/row.ts';
import { cascadeNote } from '../route/cascade/near-first.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import type { TierDecision } from '../route/route-facts.ts';

/** Pure: what the ledger keeps of a decision by difficulty; null where a name decided. */
export function ledgerRoute(decision: RouteDecision, answeringModel: string | null): LedgerRoute | null {
  const { routed, observed } = decision;
  if (routed !== undefined) return { ...keptOf(routed), tier: tierOf(routed, answeringModel) };
  if (observed === undefined || observed === null) return null;
  const { tier, modelId: model, cost } = observed;
  return {
    ...keptOf(observed),
    tier: tierOf(observed, answeringModel),
    observed: { tier, model, micros: cost.micros },
  };
}

function keptOf(decision: TierDecision): Omit<LedgerRoute, 'tier'> {
  const { tier, modelId, policy, difficulty, task, cost, alternatives } = decision;
  const all = [{ tier, modelId, cost }, ...alternatives];
  return {
    policy,
    difficulty,
    task,
    expected: all.map((one) => ({ tier: one.tier, model: one.modelId, micros: one.cost.micros })),
  };
}

/** The tier of the model that answered, which may be a fallback's; null: it is none of them. */
function tierOf({ tier, modelId, alternatives }: TierDecision, answeringModel: string | null): string | null {
  if (answeringModel === null || answeringModel === modelId) return tier;
  return alternatives.find((one) => one.modelId === answeringModel)?.tier ?? null;
}

/**
 * Pure: the header `x-nearfar-route`, e.g. `near; policy=classifier; difficulty=0.12; task=simple_qa; label=open;
 * reason="near: difficulty 0.12 is below 0.30"`. Nothing of the prompt is in it. Null where a name decided.
 */
export function routeHeader(
  decision: RouteDecision,
  answeringModel: string,
  cascade?: CascadeOutcome,
): string | null {
  const { routed, observed, reasons } = decision;
  if (routed === undefined) {
    if (observed === undefined || observed === null) return null;
    return line(`observe; would=${observed.tier}`, observed, observed.reasons);
  }
  const tier = tierOf(routed, answeringModel);
  if (cascade !== undefined) return line(tier ?? 'none', routed, [...reasons, cascadeNote(cascade)]);
  const failed =
    answeringModel === routed.modelId
      ? []
      : [`${routed.tier} was to answer and ${tier ?? answeringModel} did`];
  return line(tier ?? 'none', routed, [...reasons, ...failed]);
}

function line(
  head: string,
  { policy, difficulty, task, label }: TierDecision,
  reasons: readonly string[],
): string {
  const quoted = reasons
    .join('; ')
    // Headers are ASCII; names of models and words of the settings need not be.
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .replaceAll(/["\\]/g, "'")
    .slice(0, longestReason);
  return [
    head,
    `policy=${policy}`,
    ...(difficulty === null ? [] : [`difficulty=${difficulty.toFixed(2)}`]),
    ...(task === null ? [] : [`task=${task}`]),
    `label=${label}`,
    `reason="${quoted}"`,
  ].join('; ');
}

const longestReason = 600;

/** The parts as they are, their start with the header for whoever asked. */
export function withRouteHeader(
  parts: AsyncIterable<ChatPart>,
  decision: RouteDecision,
): AsyncIterable<ChatPart> {
  if (decision.routed === undefined && decision.observed === undefined) return parts;
  return {
    [Symbol.asyncIterator]() {
      const source = parts[Symbol.asyncIterator]();
      let hasStarted = false;
      const told = (result: IteratorResult<ChatPart>): IteratorResult<ChatPart> => {
        if (hasStarted || result.done === true || result.value.type !== 'start') return result;
        hasStarted = true;
        const route = routeHeader(decision, result.value.model, result.value.delivery?.cascade);
        return route === null ? result : { done: false, value: { ...result.value, route } };
      };
      return {
        next: async () => {
          const result = await source.next();
          return told(result);
        },
        return: async () => (await source.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

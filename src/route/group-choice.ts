import type { KeyLimits } from '../access/limits.ts';
import { allowsModel } from '../access/model-pattern.ts';
import type { AnswerFigures } from './answer-figures.ts';
import type { AskedPrompt } from './asked-prompt.ts';
import { expectedCost } from './expected-cost.ts';
import type { CostFacts, ExpectedCost } from './route-facts.ts';
import type { ModelOutlook } from './router.ts';
import type { SessionMemory } from './session-memory.ts';

/** Orders models of which any will do. */
export type OrderGroup = (
  ids: readonly [string, ...string[]],
  request: GroupRequest,
) => Promise<OrderedGroup>;

export interface GroupRequest {
  readonly requestedModel: string;
  readonly tenant: string;
  readonly prompt: AskedPrompt;
  readonly limits: KeyLimits | undefined;
  /** The model whose tool calls this request brings the results of; null: none. */
  readonly boundModelId: string | null;
  /** Those that failed a moment ago. */
  readonly failedIds: ReadonlySet<string>;
}

export interface OrderedGroup {
  /** All of them, in the order in which they are asked. */
  readonly ids: readonly [string, ...string[]];
  readonly reason: string;
  readonly sessionKey: string | null;
}

export interface GroupDependencies {
  readonly outlookOf: (modelId: string) => ModelOutlook | Promise<ModelOutlook>;
  readonly figures: Pick<AnswerFigures, 'of'>;
  readonly sessions: Pick<SessionMemory, 'keyOf' | 'heldBy'>;
}

interface Member {
  readonly id: string;
  readonly cost: ExpectedCost;
  /** Why it is asked only where no other can; null: it is not put back. */
  readonly hindrance: string | null;
}

/**
 * The model that is expected to cost the least comes first: by its price, by what its provider is believed to hold of the
 * session, and by how often such beliefs were right. So a session stays where its prompt is held for as long as that is
 * cheaper, and moves when it is not. Where nothing is cheaper the owner's order holds, and for models without a known price
 * it always does: they come behind. One that rests, or that the key may not ask, is asked last.
 */
export function createOrderGroup({ outlookOf, figures, sessions }: GroupDependencies): OrderGroup {
  return async (ids, { requestedModel, tenant, prompt, limits, boundModelId, failedIds }) => {
    const sessionKey = sessions.keyOf(tenant, prompt.opening);
    const members = await Promise.all(
      ids.map(async (id): Promise<Member> => {
        const outlook = await outlookOf(id);
        const facts: CostFacts = { ...outlook, ...figures.of(id), held: sessions.heldBy(sessionKey, id) };
        const isAllowed = allowsModel(limits?.models ?? null, requestedModel, id);
        const rest = failedIds.has(id) ? 'it failed a moment ago' : (outlook.rest?.reason ?? null);
        return {
          id,
          cost: expectedCost(requestFacts(prompt), facts),
          hindrance: isAllowed ? rest : 'the key may not ask it',
        };
      }),
    );
    const ordered = orderMembers(members, boundModelId);
    const [first, ...others] = ordered;
    if (first === undefined) return { ids, reason: 'the group is empty', sessionKey };
    return {
      ids: [first.id, ...others.map(({ id }) => id)],
      reason: reasonOf(first, others, boundModelId),
      sessionKey,
    };
  };
}

function requestFacts(prompt: AskedPrompt): Parameters<typeof expectedCost>[0] {
  return { ...prompt, firstTokenMs: null, leftMs: null };
}

/** Pure and stable: what is alike stays in the owner's order. */
function orderMembers(members: readonly Member[], boundModelId: string | null): readonly Member[] {
  return members.toSorted(
    (one, other) =>
      Number(other.id === boundModelId) - Number(one.id === boundModelId) ||
      Number(one.hindrance !== null) - Number(other.hindrance !== null) ||
      difference(one.cost.micros ?? Infinity, other.cost.micros ?? Infinity),
  );
}

function difference(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

function reasonOf(first: Member, others: readonly Member[], boundModelId: string | null): string {
  if (first.id === boundModelId) return `${first.id} made the tool calls`;
  const told = [first, ...others].map(({ id, cost, hindrance }) => {
    const said = cost.micros === null ? 'no price is known' : `${String(Math.round(cost.micros))} millionths`;
    return `${id}: ${said}${hindrance === null ? '' : `, ${hindrance}`}`;
  });
  return `the cheapest of the group by expected cost (${told.join('; ')})`;
}

type Names<Value> = Readonly<Record<string, Value>>;

/** Pure: the models of the group that a name is, or is an alias of; null: of none. */
export function groupNamed(
  name: string,
  groups: Names<readonly string[]>,
  aliases: Names<string>,
): readonly string[] | null {
  let current = name;
  for (let steps = 0; steps < longestAlias; steps += 1) {
    // Own properties only: clients send names.
    if (Object.hasOwn(groups, current)) return groups[current] ?? null;
    const next = Object.hasOwn(aliases, current) ? aliases[current] : undefined;
    if (next === undefined) return null;
    current = next;
  }
  return null;
}

/** Aliases that run in a circle are told of by whoever resolves the name. */
const longestAlias = 20;

import type { TokenPrice } from '../src/ledger/cost.ts';
import { createPromptCache } from '../src/promptcache/prompt-cache.ts';
import { withInnerMembers, withMember } from '../src/upstream/spliced-body.ts';
import { createCacheBilling, type Bill } from './prompt-cache-bill.ts';
import type { RandomRequest, RandomTraffic } from './workloads/random-traffic.ts';

/** What a client marks: nothing; the system text and the last two messages of the user; or what the planner says. */
export type Marking = 'none' | 'all' | 'planned';

/** What random traffic costs, request by request, without HTTP: the planner's marks are spliced into the body and billed. */
export function replay({ rules, requests }: RandomTraffic, marking: Marking): readonly Bill[] {
  const ask = openReplay(rules, marking);
  return requests.map(ask);
}

/** The same, for traffic that depends on what was billed. */
export function openReplay(
  rules: RandomTraffic['rules'],
  marking: Marking,
): (request: RandomRequest) => Bill {
  const billing = createCacheBilling(rules);
  let now = 0;
  const plain = 1_000_000;
  const price: TokenPrice = {
    currency: 'USD',
    promptMicrosPerMillion: plain,
    cachedMicrosPerMillion: Math.round(rules.readRate * plain),
    completionMicrosPerMillion: plain,
    cacheWriteMicrosPerMillion: Math.round(rules.writeRate * plain),
    longCacheWriteMicrosPerMillion: Math.round(rules.longWriteRate * plain),
  };
  const planner = createPromptCache({
    isOn: marking === 'planned',
    key: new Uint8Array(32),
    priceOf: () => price,
    now: () => now,
  });
  return (request) => {
    // Not at 0, so that nothing looks like having been there for ever.
    now = request.at + 1_000_000_000;
    const body =
      rules.protocol === 'anthropic' ? anthropicBody(request, marking) : openaiBody(request, marking);
    const plan = planner.plan({
      modelId: 'stub/model',
      model: modelOf(rules),
      protocol: rules.protocol,
      takesCacheKey: rules.protocol === 'openai',
      tenant: 'team',
      privacy: 'open',
      body,
    });
    let text = withInnerMembers(JSON.stringify(body), plan.marks);
    for (const [name, value] of Object.entries(plan.members)) text = withMember(text, name, value);
    const billed = billing.ask(JSON.parse(text) as Record<string, unknown>, now);
    if (typeof billed === 'string') throw new Error(billed);
    plan.settle({
      promptTokenCount: billed.total,
      cachedTokenCount: billed.read,
      completionTokenCount: 1,
      cacheWriteTokenCount: billed.short,
      longCacheWriteTokenCount: billed.long,
    });
    return billing.takeBill();
  };
}

/** What everything up to each request cost. */
export function runningCosts(bills: readonly Bill[]): readonly number[] {
  let sum = 0;
  return bills.map(({ cost }) => (sum += cost));
}

export function costOf(bills: readonly Bill[]): number {
  return bills.reduce((sum, { cost }) => sum + cost, 0);
}

/** One whose documented minimum is the provider's. */
function modelOf({ protocol, minimumTokenCount }: RandomTraffic['rules']): string {
  if (protocol === 'openai') return 'gpt-6-sol';
  const models: Readonly<Record<number, string>> = {
    512: 'claude-opus-5',
    1024: 'claude-opus-4-8',
    2048: 'claude-opus-4-7',
  };
  return models[minimumTokenCount] ?? 'claude-haiku-4-5';
}

function anthropicBody({ system, texts }: RandomRequest, marking: Marking): Record<string, unknown> {
  const mark = marking === 'all' ? { cache_control: { type: 'ephemeral' } } : {};
  return {
    model: 'model',
    max_tokens: 100,
    ...(system === null ? {} : { system: [{ type: 'text', text: system, ...mark }] }),
    messages: texts.map((text, index) => {
      // The user's are the even ones; the last is his.
      const isMarked = index % 2 === 0 && index >= texts.length - 3;
      return {
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text, ...(isMarked ? mark : {}) }],
      };
    }),
  };
}

/** Marked by the provider itself, unless the request forbids it. */
function openaiBody({ system, texts }: RandomRequest, marking: Marking): Record<string, unknown> {
  return {
    model: 'model',
    messages: [
      ...(system === null ? [] : [{ role: 'system', content: system }]),
      ...texts.map((text, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text }],
      })),
    ],
    ...(marking === 'none' ? { prompt_cache_options: { mode: 'explicit' } } : {}),
  };
}

import type { Usage } from '../chat/part.ts';
import type { CacheRules } from './cache-rules.ts';
import { createEverythingMarked, type RivalBill } from './everything-marked.ts';
import type { HeldPrefixes } from './held-prefixes.ts';
import { planMarks, weighMarks, type MarkPlace, type MarkPlan } from './plan-marks.ts';
import type { HashedPrompt } from './prefix-hashes.ts';
import { createPurse, type PlannedSpending } from './purse.ts';
import type { ReuseMemory } from './reuse-memory.ts';

/** Where a prompt goes, and by whose money. */
export interface PromptDestination {
  readonly modelId: string;
  readonly tenant: string;
  readonly rules: CacheRules;
}

/** Plans marks by what was seen come again, what the provider holds and what may be lost. */
export interface MarkPlanner {
  /** Null: the prompt is shorter than its model keeps. The prompt must have been observed. @param at milliseconds since the epoch */
  plan(prompt: HashedPrompt, destination: PromptDestination, at: number): MarkPlan | null;
  /** To be told, once for each plan, what the upstream says it read and wrote. @param at when it was planned */
  settle(
    prompt: HashedPrompt,
    destination: PromptDestination,
    plan: MarkPlan,
    at: number,
    usage: Usage,
  ): void;
  /** In place of it: nothing was written. */
  abandon(destination: PromptDestination, plan: MarkPlan): void;
}

/**
 * Of the documented minimum: our counts are estimates, and a mark on a prefix that turns out to be too short is ignored and
 * costs nothing, while one that is not made costs every read.
 */
const shortestTried = 0.9;

export function createMarkPlanner(memory: ReuseMemory, held: HeldPrefixes): MarkPlanner {
  const purse = createPurse();
  const everything = createEverythingMarked();
  const sent = new WeakMap<MarkPlan, { readonly spending: PlannedSpending; readonly rival: RivalBill }>();

  function placesOf(
    { blocks, prefix }: HashedPrompt,
    { modelId, tenant }: PromptDestination,
    caution: number,
    at: number,
  ): readonly MarkPlace[] {
    const expected = memory.expected(prefix, tenant, caution);
    const byHash = new Map(prefix.boundaries.map(({ hash }, index) => [hash, expected[index]]));
    const scale = held.tokenScale(modelId);
    let position = 0;
    return blocks.map((block, index): MarkPlace => {
      const isSameRun = block.run !== null && blocks[index - 1]?.run === block.run;
      if (!isSameRun) position += 1;
      return {
        tokenCount: Math.round(block.endTokenCount * scale),
        position,
        held: held.lifetimeOf(modelId, block.hash, at),
        odds: block.isMarkable ? (byHash.get(block.hash) ?? null) : null,
      };
    });
  }

  return {
    plan(prompt, destination, at) {
      const { modelId, rules } = destination;
      const minimumTokenCount = Math.max(
        rules.minimumTokenCount * shortestTried,
        held.learntMinimum(modelId),
      );
      const tokenCount = Math.round(prompt.prefix.tokenCount * held.tokenScale(modelId));
      if (tokenCount < minimumTokenCount) return null;
      const name = purseOf(destination);
      const caution = purse.caution(name, tokenCount);
      const tried = { ...rules, minimumTokenCount };
      const places = placesOf(prompt, destination, caution, at);
      const rival = everything.ask({ modelId, blocks: prompt.blocks, places, tokenCount, rules: tried }, at);
      const spendable = Math.max(0, purse.spendable(name, tokenCount));
      const copied = purse.isOutdone(name) ? weighMarks(rival.marked, places, tokenCount, tried) : null;
      const plan =
        copied !== null && copied.surcharge <= spendable
          ? copied
          : planMarks(places, tokenCount, tried, spendable);
      const spending = { tokenCount, surcharge: plan.surcharge, rivalCost: rival.cost };
      sent.set(plan, { spending, rival });
      purse.spend(name, spending);
      return plan;
    },

    settle({ blocks, prefix }, destination, plan, at, usage) {
      const spending = sent.get(plan)?.spending;
      if (spending === undefined) return;
      purse.settle(purseOf(destination), spending, usage, destination.rules);
      held.learn({
        modelId: destination.modelId,
        estimatedTokenCount: prefix.tokenCount,
        usage,
        sentAt: at,
        expectedReadCount: plan.readTokenCount,
        marks: plan.marks.flatMap(({ place, lifetime }) => {
          const block = blocks[place];
          return block === undefined ? [] : [{ hash: block.hash, tokenCount: block.endTokenCount, lifetime }];
        }),
        ends: blocks.map(({ hash, endTokenCount }) => ({ hash, tokenCount: endTokenCount })),
      });
    },

    abandon(destination, plan) {
      const planned = sent.get(plan);
      if (planned === undefined) return;
      purse.giveBack(purseOf(destination), planned.spending);
      planned.rival.undo();
    },
  };
}

/** Who pays and who saves: what one tenant's traffic saved is not spent on another's. */
function purseOf({ modelId, tenant }: PromptDestination): string {
  return `${modelId}|${tenant}`;
}

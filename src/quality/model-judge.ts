import { neutralSampling } from '../chat/sampling.ts';
import type { AskModel } from './ask-model.ts';
import { createJudge, type Judge } from './judge.ts';

/** A sentence and a word; a model that thinks before it speaks needs some room for that. */
export const judgeTokenCount = 1024;

/** Greedy here, so that a verdict is no throw of dice. Not stated, so upstreams judge as they do by themselves: some refuse it. */
const sampling = { ...neutralSampling, temperature: 0 };

/** A judge that is a model, asked on nearfar's own account. */
export function createModelJudge(ask: AskModel, model: string): Judge {
  return createJudge(async (messages, outputFormat, { tenant, signal }) => {
    const input = { kind: 'chat', messages } as const;
    const form = { input, outputFormat, stop: [], maxTokenCount: judgeTokenCount, sampling };
    return (await ask(model, form, { purpose: 'judge', tenant }, signal)).text;
  });
}

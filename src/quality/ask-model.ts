import type { Caller } from '../access/access.ts';
import { noLimits } from '../access/limits.ts';
import type { Answer } from '../answer/answer.ts';
import { createAnswerText } from '../capture/answer-text.ts';
import { NearfarError } from '../chat/error.ts';
import type { FinishReason, Usage } from '../chat/part.ts';
import type { ChatRequest, Purpose } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';

/** What decides an answer, as the client asked for it. */
export type AskedForm = Pick<ChatRequest, 'input' | 'outputFormat' | 'stop' | 'maxTokenCount'> &
  Partial<Pick<ChatRequest, 'sampling' | 'statedSampling'>>;

export interface ModelAnswer {
  readonly text: string;
  /** The id of the model that answered. */
  readonly model: string;
  readonly finish: FinishReason;
  /** Null: the model did not tell. */
  readonly usage: Usage | null;
}

/**
 * Asks a model on nearfar's own account, through the whole pipeline: label, boundary, budget, ledger. In the class `bulk`, so
 * that it steps aside for people.
 * @throws NearfarError the answer's own
 */
export type AskModel = (
  model: string,
  form: AskedForm,
  about: { readonly purpose: Purpose; readonly tenant: string },
  signal: AbortSignal,
) => Promise<ModelAnswer>;

export interface OwnBudget {
  /** The name under which its spending stands in ledger and budgets. No key can have it: keys begin with a letter or digit. */
  readonly keyName: string;
  /** Millionths of a US dollar; null: no bound. */
  readonly dayMicros: number | null;
  readonly monthMicros: number | null;
}

/** What an answer may have at most where the client stated nothing, so that what it costs is bounded. */
const longestAnswer = 4096;

export function createAskModel(dependencies: {
  readonly answer: Answer;
  readonly budget: OwnBudget;
  readonly createId: () => string;
}): AskModel {
  const { answer, budget, createId } = dependencies;
  const { keyName, dayMicros, monthMicros } = budget;
  const limits = { ...noLimits, dayMicros, monthMicros };

  return async (model, form, { purpose, tenant }, signal) => {
    const caller: Caller = { keyName, tenant, scopes: new Set(['use']), limits };
    const request: ChatRequest = {
      sampling: neutralSampling,
      ...form,
      id: createId(),
      dialect: 'internal',
      requestedModel: model,
      maxTokenCount: form.maxTokenCount ?? longestAnswer,
      choiceCount: 1,
      topLogprobCount: null,
      isStreamed: false,
      privacy: 'open',
      tenant,
      priority: 'bulk',
      answerCache: 'off',
      deadlineAt: null,
      ignoreEndOfGeneration: false,
      keepAliveSeconds: null,
      purpose,
    };
    const said = createAnswerText();
    let answering = model;
    let finish: FinishReason = 'stop';
    let usage: Usage | null = null;
    for await (const part of answer(request, caller, signal)) {
      said.see(part);
      if (part.type === 'start') answering = part.model;
      if (part.type === 'choice-end') finish = part.reason;
      if (part.type === 'finish' && part.usage.isMeasured !== false) usage = part.usage;
      if (part.type === 'error') throw part.error;
    }
    const [choice] = said.choices;
    if (choice === undefined) throw new NearfarError('upstream_failed', `${model} said nothing.`);
    return { text: choice.text, model: answering, finish, usage };
  };
}

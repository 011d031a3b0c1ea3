import { seededRandom } from '../src/random/seeded-random.ts';
import { defaultCascadeRules } from '../src/route/cascade/judge.ts';
import type { TokenLogprob } from '../src/chat/part.ts';
import type { Benchmark, BenchmarkSetup, Row, Side } from './benchmark.ts';
import { farText, openFarTier, type FarTier } from './cascade-far.ts';
import { beginningTokenCount, scoreSignals, signals, type JudgedAnswer } from './cascade-signals.ts';
import { bestLimit, effectOf } from './cascade-threshold.ts';
import { median, quantile, rounded } from './stats.ts';
import { checkablePrompts, isAnsweredRight, type CheckablePrompt } from './workloads/checkable-prompts.ts';

const promptCount = 500;
const answerTokenCount = 24;
const sampleCount = 3;
const sampleTokenCount = 12;
/** Others, on which the limit is chosen that is shown on the first. */
const choosingCount = 200;
const atOnce = 16;
const seed = 20_261_130;

/**
 * What each sign of the near model's uncertainty says of whether its answer is right, beside signs that need only the prompt;
 * and the cascade itself, before an upstream: is a near token ever shown before an escalation, and how much later does a sure
 * answer come.
 */
export const cascade: Benchmark = async (setup) => {
  const prompts = checkablePrompts(setup.quick ? 60 : promptCount, seededRandom(seed));
  const choosing = checkablePrompts(setup.quick ? 40 : choosingCount, seededRandom(seed + 1));
  const side = await setup.nearfar.start();
  let answers: readonly JudgedAnswer[];
  let chosenOn: readonly JudgedAnswer[];
  try {
    answers = await answerAll(setup, side, prompts, true);
    chosenOn = await answerAll(setup, side, choosing, false);
  } finally {
    await side.stop();
  }
  const scores = scoreSignals(answers);
  const rightShare = share(answers, ({ isRight }) => isRight);
  const beginnings = answers.map((answer) => signals['logprob_first']?.(answer) ?? 0);
  const threshold = rounded(Math.min(0, median(beginnings)), 3);

  const usual = `logprob_${defaultCascadeRules.tokenCount >= answerTokenCount ? 'whole' : defaultCascadeRules.tokenCount === beginningTokenCount ? 'first' : defaultCascadeRules.tokenCount}`;
  const limits = ['logprob_4', 'logprob_first', 'logprob_16', 'logprob_whole', 'entropy_first'].map(
    (name) => {
      const limit = bestLimit(chosenOn, name);
      return { name, ...effectOf(answers, name, limit) };
    },
  );
  const byDefault = effectOf(answers, usual, defaultCascadeRules.leastMeanLogprob);

  const far = await openFarTier();
  let shown: ShownAnswers;
  let added: readonly number[];
  let addedBySamples: readonly number[];
  try {
    const few = prompts.slice(0, setup.quick ? 10 : 40);
    const using = async <Result>(rules: Rules, measure: (side: Side) => Promise<Result>): Promise<Result> => {
      const judged = await setup.nearfar.start(cascadeSettings(far, rules));
      try {
        return await measure(judged);
      } finally {
        await judged.stop();
      }
    };
    const asked = prompts.slice(0, setup.quick ? 40 : 150);
    shown = await using({ leastMeanLogprob: threshold }, (judged) => askCascade(setup, judged, asked, far));
    // Every answer is sure, so that what is compared is the same answer.
    const sure = { leastMeanLogprob: -1000 };
    added = await using(sure, (judged) => addedTimes(setup, judged, few));
    const samples = { ...sure, sampleCount, sampleTokenCount, leastAgreement: 0 };
    addedBySamples = await using(samples, (judged) => addedTimes(setup, judged, few));
  } finally {
    await far.close();
  }
  const of = (name: string) => scores.find((score) => score.name === name)?.auroc ?? NaN;
  const bestOwn = Math.max(
    ...Object.keys(signals)
      .filter((name) => !name.startsWith('prompt'))
      .map(of),
  );
  const bestPrompt = Math.max(of('prompt_length'), of('prompt_difficulty'));
  return {
    figures: {
      prompts: answers.length,
      right: rounded(rightShare),
      ...Object.fromEntries(scores.map(({ name, auroc }) => [`auroc.${name}`, rounded(auroc, 3)])),
      escalated: rounded(shown.escalatedCount / shown.count),
      near_tokens_shown_before_an_escalation: shown.leakedCount,
      answers_that_broke_the_order: shown.brokenCount,
      ...Object.fromEntries(limits.map(({ name, limit }) => [`best_limit.${name}`, rounded(limit, 3)])),
      default_escalates: rounded(byDefault.escalatedShare, 3),
      default_right_of_shown: rounded(byDefault.rightOfShown, 3),
      added_first_text_ms: rounded(median(added)),
      added_first_text_ms_with_samples: rounded(median(addedBySamples)),
    },
    targets: [
      { key: 'near_tokens_shown_before_an_escalation', value: shown.leakedCount, atMost: 0 },
      { key: 'answers_that_broke_the_order', value: shown.brokenCount, atMost: 0 },
      { key: 'right', value: rightShare, atLeast: 0.2, atMost: 0.8 },
    ],
    rows: [
      ...scores.map(({ name, auroc, interval: [low, high], withinKinds }): Row => ({
        label: name.replaceAll('_', ' '),
        cells: {
          AUROC: rounded(auroc, 3),
          '95%': `${low.toFixed(2)}-${high.toFixed(2)}`,
          'within kinds': rounded(withinKinds, 3),
        },
      })),
      ...limits.map(({ name, limit, escalatedShare, rightOfShown, wrongCaught }): Row => ({
        label: `unsure by ${name.replaceAll('_', ' ')}`,
        cells: {
          'below (chosen on others)': rounded(limit, 3),
          escalates: rounded(escalatedShare, 3),
          'right of shown': rounded(rightOfShown, 3),
          'wrong caught': rounded(wrongCaught, 3),
        },
      })),
      ...[...Map.groupBy(answers, ({ kind }) => kind)].map(([kind, own]): Row => ({
        label: `answers of the kind "${kind}"`,
        cells: { right: `${own.filter(({ isRight }) => isRight).length}/${own.length}` },
      })),
    ],
    notes: [
      `${answers.length} prompts of ten kinds from a seeded generator (bench/workloads/checkable-prompts.ts), whose ranges were set before ` +
        `any was asked; greedy, at most ${answerTokenCount} tokens, checked by programs: ${Math.round(rightShare * 100)}% right. AUROC: the odds ` +
        'that a right answer scores above a wrong one; .5 is worth nothing. 95% by bootstrap over the prompts.',
      `First: ${beginningTokenCount} tokens. Entropy: of the five likeliest tokens, a lower bound. Agreement: of ${sampleCount} samples of ` +
        `${sampleTokenCount} tokens at temperature 0.7. Difficulty: the model that ships. "Within kinds" is the mean of each kind's own AUROC: ` +
        'a sign that only tells arithmetic from copying is near .5 there.',
      `Limits: chosen on ${chosenOn.length} other prompts of the same kinds (most wrong ones caught less right ones handed over), and shown on these. ` +
        `The default (${usual.replaceAll('_', ' ')} below ${defaultCascadeRules.leastMeanLogprob}) escalates ${rounded(100 * byDefault.escalatedShare)}%, ` +
        `${rounded(100 * byDefault.rightOfShown)}% of what it shows is right.`,
      bestOwn > bestPrompt
        ? `The best sign of the model's own is ${rounded(bestOwn - bestPrompt, 2)} above the best that needs only the prompt.`
        : `No sign of the model's own is better than the best that needs only the prompt (by ${rounded(bestPrompt - bestOwn, 2)}).`,
      `Cascade over HTTP before an upstream that answers ${JSON.stringify(farText)}, unsure below ${threshold} (the median of the first part, so ` +
        `that about half escalate): of ${shown.count} streamed answers ${shown.escalatedCount} escalated, with ${shown.leakedCount} near tokens ` +
        `shown before; the upstream was asked ${shown.farAskedCount} times.`,
      `Added latency: the first text of a sure answer comes ${rounded(median(added), 3)} ms later in the median (quartiles ` +
        `${rounded(quantile(added, 0.25), 3)}-${rounded(quantile(added, 0.75), 3)}), over ${added.length} prompts one at a time, each against ` +
        `itself without a cascade; with ${sampleCount} short samples beside it ${rounded(median(addedBySamples), 3)} ms.`,
    ],
  };
};

type Rules = Readonly<Record<string, number>>;

function cascadeSettings(far: FarTier, rules: Rules): readonly string[] {
  const upstream = { name: 'stub', baseUrl: `${far.origin}/v1`, models: ['far-model'] };
  const judging = { tokenCount: beginningTokenCount, holdMs: 60_000, ...rules };
  return [
    `upstreams=${JSON.stringify([upstream])}`,
    'far=stub/far-model',
    'route.policy=near',
    'route.tiers=["near","far"]',
    'route.cascade=true',
    `route.cascadeRules=${JSON.stringify(judging)}`,
    // Each prompt is asked more than once, and is to be answered anew.
    'cache.exact=false',
  ];
}

function share<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  return items.filter(holds).length / items.length;
}

interface ChatAnswer {
  readonly choices: readonly {
    readonly message: { readonly content: string | null };
    readonly logprobs?: { readonly content: readonly WireLogprob[] } | null;
  }[];
}

interface WireLogprob {
  readonly bytes: readonly number[];
  readonly logprob: number;
  readonly top_logprobs: readonly { readonly bytes: readonly number[]; readonly logprob: number }[];
}

async function ask(side: Side, body: Readonly<Record<string, unknown>>): Promise<ChatAnswer> {
  const response = await fetch(`${side.origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${side.label}: ${response.status} ${await response.text()}`);
  return (await response.json()) as ChatAnswer;
}

async function answerAll(
  setup: BenchmarkSetup,
  side: Side,
  prompts: readonly CheckablePrompt[],
  hasSamples: boolean,
): Promise<readonly JudgedAnswer[]> {
  const answers: JudgedAnswer[] = [];
  let doneCount = 0;
  const open = prompts.entries();
  const work = async (): Promise<void> => {
    for (const [index, checkable] of open) {
      const { kind, prompt } = checkable;
      const base = { model: 'near', messages: [{ role: 'user', content: prompt }] };
      const greedy = await ask(side, {
        ...base,
        temperature: 0,
        max_tokens: answerTokenCount,
        logprobs: true,
        top_logprobs: 5,
      });
      const drawn = !hasSamples
        ? { choices: [] }
        : await ask(side, {
            ...base,
            temperature: 0.7,
            seed: seed + index,
            n: sampleCount,
            max_tokens: sampleTokenCount,
          });
      const text = greedy.choices[0]?.message.content ?? '';
      answers[index] = {
        kind,
        prompt,
        isRight: isAnsweredRight(checkable, text),
        tokens: (greedy.choices[0]?.logprobs?.content ?? []).map(tokenLogprob),
        samples: drawn.choices.map(({ message }) => message.content ?? ''),
      };
      doneCount += 1;
      setup.progress(`${doneCount} of ${prompts.length} prompts`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}

/** Over the wire tokens have bytes and no ids; which is which is all that is needed. */
function tokenLogprob({ bytes, logprob, top_logprobs }: WireLogprob): TokenLogprob {
  const own = bytes.join();
  return {
    token: 0,
    bytes,
    logprob,
    top: top_logprobs.map((one, index) => ({
      token: one.bytes.join() === own ? 0 : index + 1,
      bytes: one.bytes,
      logprob: one.logprob,
    })),
  };
}

interface ShownAnswers {
  readonly count: number;
  readonly escalatedCount: number;
  /** Answers of the far tier with any text that is not its own. */
  readonly leakedCount: number;
  /** Answers of two models, without an end, or with several. */
  readonly brokenCount: number;
  readonly farAskedCount: number;
}

interface StreamedAnswer {
  readonly text: string;
  readonly models: ReadonlySet<string>;
  readonly endCount: number;
  readonly firstTextMs: number;
}

async function stream(side: Side, model: string, prompt: string): Promise<StreamedAnswer> {
  const recording = await side.client.stream({
    system: null,
    user: prompt,
    outputTokenCount: answerTokenCount,
    fields: { model, ignore_eos: false },
  });
  if (recording.status !== 200) throw new Error(`${side.label}: status ${recording.status}`);
  const models = new Set<string>();
  let text = '';
  let endCount = 0;
  let firstTextMs = NaN;
  let rest = '';
  for (const { at, bytes } of recording.arrivals) {
    const lines = (rest + bytes.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue;
      const chunk = JSON.parse(line.slice(6)) as {
        readonly model?: string;
        readonly choices?: readonly {
          readonly delta?: { readonly content?: string };
          readonly finish_reason?: string | null;
        }[];
      };
      if (chunk.model !== undefined) models.add(chunk.model);
      const [choice] = chunk.choices ?? [];
      const piece = choice?.delta?.content ?? '';
      if (piece !== '' && Number.isNaN(firstTextMs)) firstTextMs = at - recording.startedAt;
      text += piece;
      if (typeof choice?.finish_reason === 'string') endCount += 1;
    }
  }
  return { text, models, endCount, firstTextMs };
}

async function askCascade(
  setup: BenchmarkSetup,
  side: Side,
  prompts: readonly CheckablePrompt[],
  far: FarTier,
): Promise<ShownAnswers> {
  const answers: StreamedAnswer[] = [];
  const open = prompts.values();
  const work = async (): Promise<void> => {
    for (const { prompt } of open) {
      answers.push(await stream(side, 'auto', prompt));
      setup.progress(`cascade: ${answers.length} of ${prompts.length} prompts`);
    }
  };
  await Promise.all(Array.from({ length: atOnce / 2 }, work));
  const escalated = answers.filter(({ models }) => [...models].some((model) => model.includes('far-model')));
  return {
    count: answers.length,
    escalatedCount: escalated.length,
    leakedCount:
      escalated.filter(({ text }) => text !== farText).length +
      answers.filter((answer) => !escalated.includes(answer) && answer.text.includes(farText)).length,
    brokenCount: answers.filter(({ models, endCount }) => models.size !== 1 || endCount !== 1).length,
    farAskedCount: far.askedCount(),
  };
}

/** Milliseconds by which the first text comes later with a cascade: each prompt against itself, once it is in the prefix cache. */
async function addedTimes(
  setup: BenchmarkSetup,
  side: Side,
  prompts: readonly CheckablePrompt[],
): Promise<readonly number[]> {
  const added: number[] = [];
  for (const [index, { prompt }] of prompts.entries()) {
    await stream(side, 'near', prompt);
    const plain = await stream(side, 'near', prompt);
    const held = await stream(side, 'auto', prompt);
    added.push(held.firstTextMs - plain.firstTextMs);
    setup.progress(`first text: ${index + 1} of ${prompts.length}`);
  }
  // Answers without any text have none.
  return added.filter((ms) => !Number.isNaN(ms));
}

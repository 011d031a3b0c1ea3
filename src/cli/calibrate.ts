import { createReadStream } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { NearfarError } from '../chat/error.ts';
import type { FitOptions, PairCounts } from '../route/calibration/fit-profile.ts';
import type { Profile } from '../route/calibration/profile.ts';
import { readOutcomeLine } from '../route/calibration/outcome-lines.ts';
import { commonModels, renameModels, type Outcome } from '../route/calibration/outcome.ts';
import { pickTiers } from '../route/calibration/pick-tiers.ts';
import type { Goal } from '../route/calibration/policy.ts';
import type { FromLedger } from './calibrate-from-ledger.ts';
import { calibrationText } from './calibration-text.ts';
import { jsonOption, UsageError, type Command, type CommandInput, type OptionValues } from './command.ts';
import { profilePath, writeProfile } from './profile-files.ts';
import { profileProblem } from './profile-problem.ts';
import { commandSettings } from './settings.ts';

export const calibrate: Command = {
  name: 'calibrate',
  usage: '--outcomes FILE | --from-ledger --judge MODEL [options]',
  description: [
    'Learns from outcomes which of your models is good enough for which prompt, and says by cross-validation what that gains over',
    'always asking the same one and over models picked at random at equal cost, or that routing does not pay. FILE has JSON lines',
    '{"prompt", "models": {"NAME": score}}, scores 0-1, or "NAME": [score, cost in US dollars]; .gz is read too. The profile is kept',
    'in the home, readable by you alone; the policy "calibrated" routes by it. Nothing is sent. With --from-ledger the outcomes are made',
    'of captured prompts: the other tiers are asked and a model judges. What that would cost is shown; it is done with --yes.',
  ].join('\n'),
  options: {
    outcomes: {
      type: 'string',
      placeholder: 'FILE',
      description: 'JSON lines of outcomes; - is the standard input',
    },
    'from-ledger': {
      type: 'boolean',
      description: 'Outcomes from what was captured, judged by --judge (docs/quality.md)',
    },
    judge: {
      type: 'string',
      placeholder: 'MODEL',
      description: 'With --from-ledger: the model that compares answers',
    },
    since: {
      type: 'string',
      placeholder: 'TIME',
      description: 'With --from-ledger: captured from then on, e.g. 7d (all)',
    },
    limit: {
      type: 'string',
      placeholder: 'N',
      description: 'With --from-ledger: most prompts, newest first (200)',
    },
    budget: {
      type: 'string',
      placeholder: 'USD',
      description: 'With --from-ledger: most that is spent a day (1)',
    },
    yes: { type: 'boolean', description: 'With --from-ledger: ask and judge, at that cost' },
    out: {
      type: 'string',
      placeholder: 'FILE',
      description: 'With --from-ledger: write the outcomes too, prompts included',
    },
    models: {
      type: 'string',
      placeholder: 'TIER=NAME,...',
      description:
        'Which models are which tiers, e.g. near=llama-8b,mid=gpt-4o-mini,far=gpt-4o (default: all where there are two or ' +
        'three, else three by price and accuracy)',
    },
    goal: {
      type: 'string',
      placeholder: 'GOAL',
      description:
        '1pt: least cost at no more than 1 point below the best single model (the default); 50%: most quality at half its cost',
    },
    costs: {
      type: 'string',
      placeholder: 'TIER=USD,...',
      description:
        'Average cost of a prompt, where the outcomes state none (default for pairs: calls of the best model)',
    },
    folds: { type: 'string', placeholder: 'N', description: 'Folds of the cross-validation (5)' },
    seed: { type: 'string', placeholder: 'N', description: 'How prompts are dealt to folds (1)' },
    profile: { type: 'string', placeholder: 'NAME', description: 'Name to keep the profile under (default)' },
    ...jsonOption,
  },
  examples: [
    'nearfar calibrate --outcomes outcomes.jsonl --models near=llama-8b,far=gpt-4o',
    'nearfar calibrate --outcomes outcomes.jsonl.gz --goal 50% --profile support',
    'nearfar calibrate --from-ledger --judge far --limit 300 --budget 2 --yes',
    'nearfar serve --set route.policy=calibrated --set route.profile=support',
  ],
  run,
};

async function run(input: CommandInput): Promise<number> {
  const { options, words } = input;
  if (words.length > 0) throw new UsageError(`expected no "${words[0] ?? ''}"`);
  const goal = readGoal(options.text('goal'));
  const foldCount = options.number('folds', { min: 2, max: 20 }) ?? 5;
  const seed = options.number('seed', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 1;
  const name = options.text('profile') ?? 'default';
  const loaded = await commandSettings(options);
  const { home } = loaded;
  profilePath(home, name);
  const interrupt = new AbortController();
  const stop = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const progress = progressLine();
  try {
    const ledger = options.flag('from-ledger') ? await ledgerOutcomes(options) : null;
    const given = options.flag('from-ledger') ? (ledger?.outcomes ?? null) : await readOutcomes(options);
    if (given === null) return options.flag('yes') ? 1 : 0;
    const { outcomes, sources } = takeTiers(given, readPairs(options, 'models'));
    const { fitProfile } = await import('../route/calibration/fit-profile.ts');
    const costs = readCosts(options);
    const fitOptions: FitOptions = {
      models: Object.keys(sources),
      goal,
      foldCount,
      seed,
      ...(costs === undefined ? {} : { costs }),
      signal: interrupt.signal,
      onProgress: progress.show,
    };
    const { profile: fitted, report, pairs } = await fitProfile(outcomes, fitOptions);
    const profile =
      ledger === null ? fitted : { ...fitted, expectations: expectationsOf(pairs, ledger.judgedBy) };
    progress.end();
    const file = writeProfile(home, name, profile);
    const { shownTiers } = await import('./dry-routing.ts');
    const note = profileProblem(name, profile.models, shownTiers(loaded).tiers);
    const shown = { ...report, sources, profile: name, file, ...(note === null ? {} : { note }) };
    process.stdout.write(
      options.flag('json') ? `${JSON.stringify(shown, null, 2)}\n` : `${calibrationText(shown)}\n`,
    );
    return 0;
  } catch (error) {
    progress.end();
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write('Interrupted; no profile was written.\n');
    return 130;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** Null: the plan was shown, or the work ended early; nothing is fitted to half of it. */
async function ledgerOutcomes(options: OptionValues): Promise<FromLedger | null> {
  if (options.text('outcomes') !== undefined) {
    throw new UsageError('expected one of --outcomes and --from-ledger');
  }
  const { fromLedger } = await import('./calibrate-from-ledger.ts');
  const found = await fromLedger(options);
  return found.isComplete ? found : null;
}

/** What a watch over the tiers expects, by the ids of their models. */
function expectationsOf(
  pairs: readonly PairCounts[],
  { modelIds, judges }: FromLedger['judgedBy'],
): NonNullable<Profile['expectations']> {
  return pairs.flatMap(({ lower, upper, counts }) => {
    const [lowerId, upperId] = [modelIds[lower], modelIds[upper]];
    if (lowerId === undefined || upperId === undefined) return [];
    return [{ lower: lowerId, upper: upperId, judges: [...judges], counts: { ...counts } }];
  });
}

async function readOutcomes(options: OptionValues): Promise<readonly Outcome[]> {
  const file = options.text('outcomes');
  if (file === undefined) throw new UsageError('expected --outcomes FILE or --from-ledger');
  const outcomes: Outcome[] = [];
  let lineNumber = 0;
  try {
    for await (const text of createInterface({ input: openLines(file), crlfDelay: Infinity })) {
      lineNumber++;
      if (text.trim() !== '') outcomes.push(readOutcomeLine(text, `${file} line ${lineNumber}`));
    }
  } catch (error) {
    if (error instanceof NearfarError) throw error;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const problem = isMissing ? `there is no file ${file}` : `${file} cannot be read as JSON lines`;
    throw new NearfarError('invalid_request', `--outcomes: ${problem}.`, {
      field: 'outcomes',
      cause: error,
    });
  }
  return outcomes;
}

function openLines(file: string): Readable {
  if (file === '-') return process.stdin;
  const bytes = createReadStream(file);
  if (!file.endsWith('.gz')) return bytes;
  const text = createGunzip();
  bytes.on('error', (error) => text.destroy(error));
  return bytes.pipe(text);
}

/** The outcomes by tier, and which model each tier is. */
function takeTiers(
  outcomes: readonly Outcome[],
  asked: Readonly<Record<string, string>> | undefined,
): { outcomes: readonly Outcome[]; sources: Readonly<Record<string, string>> } {
  const known = [...new Set(outcomes.flatMap(({ models }) => Object.keys(models)))];
  if (asked !== undefined) {
    for (const [tier, source] of Object.entries(asked))
      if (!known.includes(source))
        throw new UsageError(
          `--models: ${tier}=${source} is not among the outcomes' models: ${known.slice(0, 12).join(', ')}`,
        );
    return { outcomes: renameModels(outcomes, asked), sources: asked };
  }
  if (known.length <= 3) {
    const common = commonModels(outcomes);
    const names = Object.fromEntries((common.length >= 2 ? common : known).map((one) => [one, one]));
    return { outcomes, sources: names };
  }
  const picked = pickTiers(outcomes);
  if (picked === null)
    throw new UsageError(
      `expected --models near=NAME,far=NAME: the outcomes have ${known.length} models, and no three of them are tiers by themselves`,
    );
  return { outcomes: renameModels(outcomes, { ...picked }), sources: { ...picked } };
}

function readGoal(text: string | undefined): Goal {
  if (text === undefined) return { kind: 'quality', points: 1 };
  const match = /^(\d+(?:\.\d+)?)\s*(pt|points?|%)$/.exec(text.trim());
  const value = Number(match?.[1]);
  if (match === null || value > 100)
    throw new UsageError(
      `--goal: expected points below the best model, e.g. 1pt, or a share of its cost, e.g. 50%, got ${JSON.stringify(text)}`,
    );
  return match[2] === '%' ? { kind: 'cost', share: value / 100 } : { kind: 'quality', points: value };
}

/** `NAME=VALUE,NAME=VALUE`; a name alone stands for itself. */
function readPairs(options: OptionValues, option: string): Readonly<Record<string, string>> | undefined {
  const text = options.text(option);
  if (text === undefined) return undefined;
  const pairs = text.split(',').map((part) => {
    const at = part.indexOf('=');
    return at < 0
      ? ([part.trim(), part.trim()] as const)
      : ([part.slice(0, at).trim(), part.slice(at + 1).trim()] as const);
  });
  const names = new Set(pairs.map(([name]) => name));
  if (names.size !== pairs.length || pairs.some(([name, value]) => name === '' || value === ''))
    throw new UsageError(
      `--${option}: expected NAME=VALUE,NAME=VALUE with each name once, got ${JSON.stringify(text)}`,
    );
  return Object.fromEntries(pairs);
}

function readCosts(options: OptionValues): Readonly<Record<string, number>> | undefined {
  const pairs = readPairs(options, 'costs');
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(pairs).map(([name, text]) => {
      const cost = Number(text);
      if (!(cost >= 0 && Number.isFinite(cost)))
        throw new UsageError(
          `--costs: ${name}: expected US dollars for a prompt, got ${JSON.stringify(text)}`,
        );
      return [name, cost];
    }),
  );
}

/** On a terminal one line that rewrites itself, elsewhere a line for each step. */
function progressLine() {
  const { stderr } = process;
  return {
    show: (text: string): void => {
      stderr.write(stderr.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
    },
    end: (): void => {
      if (stderr.isTTY) stderr.write('\r\x1b[2K');
    },
  };
}

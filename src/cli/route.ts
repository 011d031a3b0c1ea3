import { readJsonLine } from './json-line.ts';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { askedBody } from '../route/asked-body.ts';
import { jsonTexts } from '../privacy/json-texts.ts';
import type { AskedPrompt } from '../route/asked-prompt.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { openDryRouting, type DryDecision, type DryRouting } from './dry-routing.ts';
import { policyOf } from './routing.ts';
import { commandSettings, profileOption } from './settings.ts';

const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
});
const line = z
  .looseObject({
    id: z.union([z.string(), z.number()], 'expected a string or a number'),
    prompt: z.string('expected a string').optional(),
    messages: z.array(message, 'expected a list').min(1, 'expected at least one message').optional(),
  })
  .refine((one) => (one.prompt === undefined) !== (one.messages === undefined), {
    message: 'expected either prompt or messages',
  });
type Line = z.infer<typeof line>;

/** What the router would do with one's own prompts. */
export const route: Command = {
  name: 'route',
  usage: '[options] < LINES   |   --explain [PROMPT]',
  description: [
    'Says of prompts which tier would answer them, and why: a dry run on your own logs. Reads JSON lines {"id", "prompt"} or',
    '{"id", "messages"} on the standard input and writes for each {"id", "difficulty" (0-1), "tier", "task", "label", "reasons",',
    '"ms"}, in order and as they come. Tiers and policy are those of your settings (classifier where they name none); every tier',
    'is taken to be up. Nothing is asked, sent or kept.',
  ].join('\n'),
  options: {
    policy: {
      type: 'string',
      placeholder: 'NAME',
      description: 'Another policy: heuristic, classifier, calibrated or the name of a tier (route.policy)',
    },
    ...profileOption,
    explain: {
      type: 'boolean',
      description:
        'Explain one prompt, given as words or on the standard input: facts, reasons, other tiers and their cost',
    },
    ...jsonOption,
  },
  examples: [
    `echo '{"id": 1, "prompt": "Is 7 prime?"}' | nearfar route`,
    'nearfar route --policy heuristic < prompts.jsonl > tiers.jsonl',
    'nearfar route --explain "Prove that there are infinitely many primes."',
  ],
  run,
};

async function run(input: CommandInput): Promise<number> {
  const { options, words } = input;
  const profile = options.text('profile');
  const stated = options.text('policy');
  const asked: Record<string, string> = { profile: 'route.profile' };
  const loaded = await commandSettings(options, { ...asked, policy: 'route.policy' });
  const policy =
    stated ?? (profile === undefined ? (policyOf(loaded.settings) ?? 'classifier') : 'calibrated');
  if (policy === 'calibrated' && loaded.settings.route.profile === null) {
    throw new UsageError(
      '--policy calibrated: expected --profile NAME too, or route.profile in the settings',
    );
  }
  const { classifier } = loaded.settings.route;
  if (policy === 'classifier' && classifier !== null) {
    process.stderr.write(
      `nearfar route: ${classifier} (route.classifier) is not asked in a dry run; difficulty is told without it.\n`,
    );
  }
  if (options.flag('explain')) {
    const text = words.length > 0 ? words.join(' ') : await readAll(process.stdin);
    if (text.trim() === '')
      throw new UsageError('--explain: expected a prompt, as words or on the standard input');
    const routing = await openDryRouting(loaded, policy);
    const explained = await decideLine(routing, { id: 0, prompt: text });
    const { explainJson, explainText } = await import('./route-explain.ts');
    const { readEvaluations } = await import('../evaluate/evaluation-files.ts');
    const shown = { ...explained, routing, policy, evaluations: await readEvaluations(loaded.home) };
    process.stdout.write(
      options.flag('json') ? `${JSON.stringify(explainJson(shown), null, 2)}\n` : explainText(shown),
    );
    return explained.decision.type === 'chosen' ? 0 : 1;
  }
  if (words.length > 0)
    throw new UsageError('expected JSON lines on the standard input, or --explain PROMPT');
  return routeLines(await openDryRouting(loaded, policy));
}

const warmUp = 'Compare two ways to sort a list of 10 names, and say which is faster.';

/** One line after another, so that they keep their order. */
async function routeLines(routing: DryRouting): Promise<number> {
  // Tables are read and patterns compiled by the first prompt, which is none of the log: `ms` is what a prompt takes.
  await decideLine(routing, { id: 0, prompt: warmUp });
  let lineNumber = 0;
  let wrongCount = 0;
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    lineNumber++;
    if (text.trim() === '') continue;
    const read = readJsonLine(text, line, '{"id", "prompt"}');
    if (typeof read === 'string') {
      wrongCount++;
      process.stderr.write(`nearfar route: line ${String(lineNumber)}: ${read}\n`);
      continue;
    }
    const startedAt = performance.now();
    const { decision, facts } = await decideLine(routing, read);
    const row = {
      id: read.id,
      difficulty: facts.difficulty,
      tier: decision.type === 'chosen' ? decision.tier : null,
      task: facts.task,
      label: facts.label,
      reasons: decision.type === 'chosen' ? decision.reasons : [decision.reason],
      ms: Math.round((performance.now() - startedAt) * 1000) / 1000,
    };
    if (!process.stdout.write(`${JSON.stringify(row)}\n`))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  if (wrongCount > 0) {
    const lines = wrongCount === 1 ? '1 line was' : `${String(wrongCount)} lines were`;
    process.stderr.write(`nearfar route: ${lines} left out; all others were answered.\n`);
  }
  return wrongCount === 0 ? 0 : 1;
}

async function decideLine(routing: DryRouting, { prompt, messages }: Line): Promise<DryDecision> {
  const body = { messages: messages ?? [{ role: 'user', content: prompt }] };
  const asked: AskedPrompt = askedBody({
    body,
    text: prompt ?? JSON.stringify(messages),
    maxTokenCount: null,
    choiceCount: 1,
    priority: 'default',
    deadlineAt: null,
  });
  // Read as the gateway reads it: names, numbers and keys too.
  if (prompt !== undefined) return routing.decide(asked, [prompt]);
  const { texts, identifiers } = jsonTexts(body);
  return routing.decide(asked, [...texts, ...identifiers]);
}

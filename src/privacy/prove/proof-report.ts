import type { PrivacyPath } from '../paths.ts';
import type { Exercised } from './exercised.ts';
import { isProven, requestClasses, type LeakSuiteResult, type RequestClass } from './leak-result.ts';

/** Everything that a report says. */
export interface Proof {
  readonly madeAt: Date;
  readonly version: string;
  /** The settings file; null: none was read. */
  readonly file: string | null;
  /** SHA-256 of the effective settings, in hexadecimal: of other settings this says nothing. */
  readonly settingsDigest: string;
  readonly paths: readonly PrivacyPath[];
  readonly exercised: Exercised;
  readonly result: LeakSuiteResult;
}

const meaning: Readonly<Record<RequestClass, string>> = {
  declared: 'marked `local_only` by the client, with arbitrary texts too',
  detected: 'not marked, and a detector found what was planted',
  follow_up: 'nothing in it, in a session in which something had to stay before',
  unseen: 'not marked, and **no detector saw it**: no proof of anything',
  excepted:
    'not marked, a detector found what was planted, and the key that asked **may let it out**: no proof of anything',
  control: 'harmless, to show that what goes outside is seen here',
};

/** What this cannot show, in sentences. */
export const notCovered: readonly string[] = [
  'What no detector sees and nobody marks leaves: the row "unseen" counts it. Only `local_only` (the header, a key with `localOnly`, or `privacy.floor`) keeps every text.',
  'Keys that `nearfar keys` made: requests were sent by a key without bounds and by those of the settings (`keys`, `privacy.keys`), with other secrets and without their limits. A key with `privacy: open` lets out what detectors find; the row "excepted" counts it.',
  'The engine: models of this machine were stand-ins that answer, or fail as a crash, a full queue or a missing file does. The engine opens no connection.',
  'What an upstream inside does with a prompt, and everything on the network beyond it: its `boundary` is the owner’s word.',
  'Other programs of this machine, its disk, its backups, and who may read them.',
  'Texts whose meaning gives somebody away without any of the planted words: paraphrases and guesses.',
  'The routes of images, sounds and files: nobody here reads these, and they stay unless `privacy.allowMedia` is on.',
];

/** The report as JSON. */
export function proofJson({ madeAt, ...proof }: Proof): object {
  return { isProven: isProven(proof.result), madeAt: madeAt.toISOString(), ...proof, notCovered };
}

/** The report in Markdown, for who must sign it. Pure. */
export function proofReport({
  madeAt,
  version,
  file,
  settingsDigest,
  paths,
  exercised,
  result,
}: Proof): string {
  const { counts, leaks, unreached, reachable, outsideRequestCount, outsideByteCount, seed } = result;
  const asked = requestClasses.reduce((total, name) => total + counts[name].asked, 0);
  const mustStay = counts.declared.asked + counts.detected.asked + counts.follow_up.asked;
  const outside = paths.filter(({ boundary }) => boundary === 'outside');
  const verdict =
    leaks.length > 0
      ? `**It leaks:** of ${mustStay} requests that had to stay, ${leaks.length} arrived outside.`
      : unreached.length > 0
        ? `**Nothing is shown:** no harmless request arrived at ${unreached.join(', ')}, so that silence there says nothing.`
        : `**Nothing left:** of ${mustStay} requests that had to stay, none arrived outside, not one byte of what was planted in them, in any of the writings that were looked for.`;
  return [
    '# What left this gateway, and what did not',
    '',
    verdict,
    '',
    `- Date: ${madeAt.toISOString()}`,
    `- nearfar ${version}`,
    `- Settings: ${file ?? 'defaults, no file'}; SHA-256 of the effective settings \`${settingsDigest}\``,
    `- Made by \`nearfar privacy prove\` with seed ${seed}: ${asked} requests through every route, name and dialect, with caches, retries, hedges, fallbacks, and, as far as the settings have them, routing, cascade, comparisons with other tiers, a model’s check and keys with exceptions; clients that went away, models here that crash and servers elsewhere that fail.`,
    `- The upstreams were replaced by recording servers on this machine: nothing real was called. Outside, ${outsideRequestCount} requests with ${outsideByteCount} characters arrived, and all of them were searched: as they are, in any case, without separators, in base64, hexadecimal, UTF-16, percent signs, escapes and entities.`,
    '',
    '## Requests',
    '',
    '| Class | What it is | Asked | Answers by status | Arrived inside | Arrived outside |',
    '| --- | --- | ---: | --- | ---: | ---: |',
    ...requestClasses.map((name) => {
      const { asked: count, statuses, arrivedInside, arrivedOutside } = counts[name];
      const list = Object.entries(statuses).map(([status, many]) => `${many} × ${status}`);
      return `| ${name} | ${meaning[name]} | ${count} | ${list.join(', ')} | ${arrivedInside} | ${arrivedOutside} |`;
    }),
    '',
    `What was planted: ${listed(result.byKind)}. Routes: ${listed(result.byPath)}.`,
    '',
    `What took part, in how many of these requests: ${listed(exercised) || 'nothing but the models'}. What the settings switch on and is not named here was not shown.`,
    '',
    `Upstreams outside at which a harmless request arrived: ${reachable.join(', ') || 'none'}.`,
    ...(unreached.length === 0 ? [] : [`**Not reached:** ${unreached.join(', ')}.`]),
    '',
    ...(leaks.length === 0
      ? []
      : [
          '## What left',
          '',
          '| Class | Planted | Route | Asked for | Place | Upstream | Writing |',
          '| --- | --- | --- | --- | --- | --- | --- |',
          ...leaks.slice(0, 100).map((leak) => {
            const path = leak.after === undefined ? leak.path : `${leak.path}, after ${leak.after}`;
            return `| ${leak.class} | ${leak.kind} | ${path} | ${cell(leak.model)} | ${leak.slot} | ${leak.upstream} | ${leak.writing} |`;
          }),
          ...(leaks.length > 100 ? ['', `And ${leaks.length - 100} more.`] : []),
          '',
        ]),
    '## Every way to every upstream',
    '',
    `${paths.length} ways, ${outside.length} of them to the outside. "Carries" says what may take a way: \`open\` is only what is neither marked nor found; \`open_and_redacted\` also copies in which what was found is a placeholder; \`tainted\` is everything.`,
    '',
    '| Asked for | Steps | Upstream | Model | Address | Boundary | Mode | Carries |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...paths.map(
      ({ from, via, upstream, model, address, boundary, mode, carries }) =>
        `| ${cell(from)} | ${cell(via.join('; '))} | ${cell(upstream)} | ${cell(model)} | ${cell(address)} | ${boundary} | ${mode} | ${carries} |`,
    ),
    '',
    '## What this does not cover',
    '',
    ...notCovered.map((sentence) => `- ${sentence}`),
    '',
  ].join('\n');
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

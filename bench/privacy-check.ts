import { basename } from 'node:path';
import { wilsonInterval } from '../src/evaluate/wilson.ts';
import { checkMessages, checkSchema, checkTokenCount, letsGo } from '../src/privacy/check-by-model.ts';
import { createScanText } from '../src/privacy/scan-text.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { readMadeUpTexts, type MadeUpText } from './made-up-texts.ts';
import { median, quantile, rounded } from './stats.ts';

/** As a gateway with four streams would ask it. */
const atOnce = 4;

interface Judged extends MadeUpText {
  readonly isFoundByPattern: boolean;
  readonly isKeptByModel: boolean;
  readonly ms: number;
}

/** Is the near model any good as a reader of what patterns miss (`privacy.check: model`)? */
export const privacyCheck: Benchmark = async (setup) => {
  const scan = createScanText();
  const all = await readMadeUpTexts();
  const texts = setup.quick ? all.filter((_, index) => index % 12 === 0) : all;
  const side = await setup.nearfar.start();
  const judged: Judged[] = [];
  try {
    const next = texts.values();
    const work = async (): Promise<void> => {
      for (const one of next) {
        const startedAt = performance.now();
        const isKeptByModel = !letsGo(await ask(side.origin, one.text));
        const ms = performance.now() - startedAt;
        judged.push({ ...one, isFoundByPattern: scan(one.text).length > 0, isKeptByModel, ms });
        setup.progress(`${judged.length} of ${texts.length} texts`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await side.stop();
  }
  const sensitive = judged.filter((one) => one.sensitive);
  const harmless = judged.filter((one) => !one.sensitive);
  const rows: Row[] = [
    rowOf('patterns alone', sensitive, harmless, (one) => one.isFoundByPattern),
    rowOf('model alone', sensitive, harmless, (one) => one.isKeptByModel),
    rowOf('both', sensitive, harmless, (one) => one.isFoundByPattern || one.isKeptByModel),
    rowOf(
      'model, of what no pattern found',
      sensitive.filter((one) => !one.isFoundByPattern),
      harmless.filter((one) => !one.isFoundByPattern),
      (one) => one.isKeptByModel,
    ),
  ];
  const shareOf = (ones: readonly Judged[], is: (one: Judged) => boolean): number =>
    ones.length === 0 ? NaN : ones.filter(is).length / ones.length;
  const times = judged.map(({ ms }) => ms);
  const kept = (one: Judged): boolean => one.isKeptByModel;
  return {
    figures: {
      model_recall: rounded(shareOf(sensitive, kept)),
      model_false_positive: rounded(shareOf(harmless, kept)),
      question_ms: rounded(median(times)),
      question_p95_ms: rounded(quantile(times, 0.95)),
    },
    targets: [],
    rows,
    notes: [
      `${basename(setup.modelPath)} as \`privacy.check: model\` asks it, ${atOnce} at once, on ${sensitive.length} texts that must stay and ` +
        `${harmless.length} that may leave (bench/workloads/privacy, made up by the author of the patterns before the newest of these).`,
      'A reader that keeps as large a share of the harmless texts as of the others knows nothing: it only keeps more. ' +
        'In brackets 95% intervals (Wilson).',
    ],
  };
};

function rowOf(
  label: string,
  sensitive: readonly Judged[],
  harmless: readonly Judged[],
  isKept: (one: Judged) => boolean,
): Row {
  const cell = (ones: readonly Judged[]): string => {
    const count = ones.filter(isKept).length;
    const [low, high] = wilsonInterval(count, ones.length);
    return `${count}/${ones.length} = ${rounded(count / ones.length, 2)} (${rounded(low, 2)}-${rounded(high, 2)})`;
  };
  return {
    label,
    cells: { 'kept of what must stay': cell(sensitive), 'kept of what may leave': cell(harmless) },
  };
}

async function ask(origin: string, text: string): Promise<string> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-nearfar-cache': 'off' },
    body: JSON.stringify({
      model: 'near',
      messages: checkMessages(text),
      temperature: 0,
      max_tokens: checkTokenCount,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'check', schema: checkSchema, strict: true },
      },
    }),
  });
  const body = (await response.json()) as {
    readonly error?: { readonly message?: string };
    readonly choices?: readonly { readonly message?: { readonly content?: string | null } }[];
  };
  if (response.status !== 200) throw new Error(`${response.status}: ${body.error?.message ?? ''}`);
  return body.choices?.[0]?.message?.content ?? '';
}

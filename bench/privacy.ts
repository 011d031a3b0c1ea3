import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { createScanText } from '../src/privacy/scan-text.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { madeUpParts, pastedParts, readMadeUpTexts } from './made-up-texts.ts';
import { median, rounded } from './stats.ts';

const promptLength = 2000;
const promptCount = 2000;
/** Types of presidio-research and of pii_nano that have a form of their own, whatever stands around them. */
const structuredTypes = new Set([
  ...['CREDIT_CARD', 'PHONE_NUMBER', 'EMAIL_ADDRESS', 'IBAN_CODE', 'IP_ADDRESS', 'US_SSN'],
  ...['EMAIL', 'PHONE', 'SSN', 'IBAN'],
]);

interface PrivacyRow {
  readonly text: string;
  readonly sensitive: number;
  readonly subtype?: string;
  readonly spans: readonly { readonly type: string }[];
}

/** What the detectors find in the public rows, what they flag of harmless prompts, and how quick they are. */
export const privacy: Benchmark = async (setup) => {
  const read = <Read>(path: string) => readLines<Read>(setup.dataFolder, path);
  const scan = createScanText();
  const isFlagged = (text: string): boolean => scan(text).length > 0;
  const shareOf = (texts: readonly string[]): number =>
    texts.length === 0 ? NaN : texts.filter(isFlagged).length / texts.length;
  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  const structured: string[] = [];
  for (const name of ['presidio_synth_v2', 'presidio_generated_large', 'pii_nano']) {
    setup.progress(name);
    const all = await read<PrivacyRow>(`privacy/${name}.dev.jsonl.gz`);
    const sensitive = all.filter((row) => row.sensitive === 1);
    const withForm = sensitive.filter(({ spans }) => spans.some(({ type }) => structuredTypes.has(type)));
    structured.push(...withForm.map(({ text }) => text));
    const recall = shareOf(sensitive.map(({ text }) => text));
    figures[`recall.${name}`] = recall;
    rows.push({
      label: name,
      cells: {
        rows: sensitive.length,
        flagged: rounded(recall),
        'of those with structured identifiers': rounded(shareOf(withForm.map(({ text }) => text))),
      },
    });
  }
  figures['recall_structured'] = shareOf(structured);
  const dlp = await read<PrivacyRow>('privacy/dlp_public.dev.jsonl.gz');
  for (const subtype of [...new Set(dlp.map((row) => row.subtype ?? ''))].sort()) {
    setup.progress(`dlp_public, ${subtype}`);
    const texts = dlp.filter((row) => row.subtype === subtype).map(({ text }) => text);
    const share = shareOf(texts);
    if (subtype === 'Positive/Direct') figures['recall.dlp_public_direct'] = share;
    rows.push({ label: `dlp_public, ${subtype}`, cells: { rows: texts.length, flagged: rounded(share) } });
  }
  const parts = [...madeUpParts, ...pastedParts];
  const madeUp = await readMadeUpTexts(parts);
  for (const part of parts) {
    for (const sensitive of [true, false]) {
      const texts = madeUp.filter((one) => one.part === part && one.sensitive === sensitive);
      const share = shareOf(texts.map(({ text }) => text));
      figures[`${sensitive ? 'recall' : 'false_positive'}.made_up_${part.replace('-', '_')}`] = share;
      const label = `made up, ${sensitive ? 'must stay' : 'may leave'} (${part})`;
      rows.push({ label, cells: { rows: texts.length, flagged: rounded(share) } });
    }
  }
  const benign: string[] = [];
  for (const name of ['gsm8k', 'mmlu']) {
    setup.progress(`prompts of ${name}`);
    const prompts = (await read<{ prompt: string }>(`route/${name}.dev.jsonl.gz`)).map(
      ({ prompt }) => prompt,
    );
    benign.push(...prompts);
    const share = shareOf(prompts);
    figures[`false_positive.${name}`] = share;
    rows.push({ label: `harmless: ${name}`, cells: { rows: prompts.length, flagged: rounded(share) } });
  }
  setup.progress('speed');
  const speeds = measureSpeed(benign.join('\n'), isFlagged, setup.repeatCount ?? (setup.quick ? 1 : 5));
  figures['prompts_per_s'] = median(speeds);
  const value = (key: string): number => figures[key] ?? NaN;
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, one]) => [key, rounded(one)])),
    targets: [
      { key: 'recall_structured', value: value('recall_structured'), atLeast: 0.98 },
      { key: 'recall.presidio_synth_v2', value: value('recall.presidio_synth_v2'), atLeast: 0.7 },
      { key: 'recall.dlp_public_direct', value: value('recall.dlp_public_direct'), atLeast: 0.6 },
      { key: 'false_positive.gsm8k', value: value('false_positive.gsm8k'), atMost: 0.03 },
      { key: 'false_positive.mmlu', value: value('false_positive.mmlu'), atMost: 0.03 },
      { key: 'prompts_per_s', value: value('prompts_per_s'), atLeast: 2000 },
    ],
    rows,
    notes: [
      'Flagged: at least one span. The development parts of the data of ../shared (--data DIR), whose rows were looked at while the ' +
        'detectors were written, and on whose scores the threshold for names was set; of dlp_public only three rows were seen, but ' +
        'detectors were added after its score was, in several rounds (decision 157). Only the sealed parts can judge independently.',
      'Made up: bench/workloads/privacy, written by the author of the detectors from what is known to leak, before the newest of them. ' +
        'Detectors were developed on one half; of the other only totals were looked at (.49 before, decision 239), but one hand wrote both.',
      'Structured identifiers: payment cards, phones, e-mail, IBAN, IP addresses, social security numbers. Web addresses are not ' +
        'counted: they are public by themselves, and no detector takes them.',
      `Speed: ${promptCount} texts of ${promptLength} characters of the harmless prompts, one thread, all detectors; median of ` +
        `${speeds.length} (${rounded(Math.min(...speeds))}-${rounded(Math.max(...speeds))}).`,
    ],
  };
};

function measureSpeed(text: string, isFlagged: (text: string) => boolean, repeatCount: number): number[] {
  const stride = Math.max(1, Math.floor((text.length - promptLength) / promptCount));
  const texts = Array.from({ length: promptCount }, (_, index) =>
    text.slice(index * stride, index * stride + promptLength),
  );
  return Array.from({ length: repeatCount }, () => {
    const startedAt = performance.now();
    for (const one of texts) isFlagged(one);
    return (promptCount * 1000) / (performance.now() - startedAt);
  });
}

/** @throws Error naming the folder where the data is not there */
async function readLines<Read>(folder: string, path: string): Promise<Read[]> {
  const file = join(folder, path);
  let bytes: Buffer;
  try {
    bytes = await promisify(gunzip)(await readFile(file));
  } catch (error) {
    throw new Error(`${file}: expected the evaluation data (--data DIR names its folder)`, { cause: error });
  }
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Read);
}

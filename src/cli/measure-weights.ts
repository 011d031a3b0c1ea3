import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { nearest } from '../config/nearest.ts';
import type { Estimate } from '../measure/interval.ts';
import { qualityBounds, recommendationGoals, recommendFormat } from '../measure/recommend-format.ts';
import { renderWeightsPlot, renderWeightsSvg } from '../measure/weights-plot.ts';
import { speedAt, type WeightsReport, type WeightsRow } from '../measure/weights-report.ts';
import { enginesForFormat } from '../models/formats/engines-for-format.ts';
import { formatNamed, quantizeFormats, simulatedFormats } from '../models/formats/quantize-formats.ts';
import { UsageError } from './command.ts';
import { cpuName } from './faster-format.ts';
import { kernelsFor } from './found-kernels.ts';
import type { Measuring } from './measuring.ts';
import { readMeasuringText, runMeasuring } from './measuring-job.ts';
import { formatBytes } from './progress.ts';
import { renderTable } from './table.ts';
import { renderWeightsMarkdown } from './weights-markdown.ts';

const defaultFormats = [
  'F16',
  'Q8_0',
  'Q6_K',
  'Q5_K_M',
  'Q4_K_M',
  'Q4_0',
  'IQ4_NL',
  'Q3_K_M',
  ...simulatedFormats,
];
const windowTokenCount = 512;

/** `nearfar measure --what weights`: what each weight format of a model costs and saves. */
export const measureWeightFormats: Measuring = {
  run: async ({ model, loaded, options }) => {
    const { engine } = loaded.settings;
    const formats = readFormats(options.text('formats'));
    const file = options.text('text');
    const text = file === undefined ? null : readMeasuringText(file);
    const svg = options.text('svg');
    if (svg !== undefined && existsSync(svg)) throw new UsageError(`--svg: ${svg} is there already`);
    const windowCount = options.number('windows', { min: 2, max: 100_000 }) ?? null;
    const [{ measureWeights }, { measureWeightsFile }, { quantizeFile }, { simulateFormat }] =
      await Promise.all([
        import('../measure/measure-weights.ts'),
        import('../measure/weights-job.ts'),
        import('../engine/llama/quantize-job.ts'),
        import('../models/formats/simulate-format.ts'),
      ]);
    const source = await model.source();
    const load = os.loadavg()[0] ?? 0;
    const report = await runMeasuring(`measuring ${model.id}`, (job) =>
      measureWeights(
        {
          source,
          formats,
          imatrix: options.text('imatrix') ?? null,
          folder: join(loaded.home, 'measured', 'weights'),
          backend: engine.backend,
          threadCount: engine.threadCount,
          text,
          windowTokenCount,
          windowCount,
          cpu: cpuName(),
          again: options.flag('again'),
          measuresSpeed: !options.flag('no-speed'),
          kernelsFor: (format) => kernelsFor(loaded, format),
        },
        { quantize: quantizeFile, simulate: simulateFormat, measureFile: measureWeightsFile },
        job,
      ),
    );
    if (svg !== undefined) writeFileSync(svg, renderWeightsSvg(report) ?? '');
    if (options.flag('json')) {
      const recommendations = recommendationGoals.flatMap((goal) => recommendFormat(report, goal) ?? []);
      const shown = { ...report, text: file ?? null, recommendations, qualityBounds };
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    } else if (options.flag('markdown')) {
      const given = { text: file, formats: options.text('formats') };
      const command = commandLine(model.id, given, options.flag('no-speed'));
      const machine = `${report.cpu}, ${os.availableParallelism()} cores, load ${load.toFixed(2)} before`;
      const from = { command, base: baseName(report), machine };
      process.stdout.write(`${renderWeightsMarkdown(report, tableOf(report), from)}\n`);
    } else process.stdout.write(`${renderWeights(report)}\n`);
    return 0;
  },
};

/** @throws UsageError naming the nearest format */
export function readFormats(given: string | undefined): readonly string[] {
  if (given === undefined) return defaultFormats;
  return given.split(',').map((text) => {
    const format = formatNamed(text);
    if (format !== null) return format;
    const known = [...quantizeFormats.map(({ name }) => name), ...simulatedFormats];
    const near = nearest(text.trim().toUpperCase(), known);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    throw new UsageError(`--formats: ${JSON.stringify(text)} is no weight format${hint}`);
  });
}

/** The table that people read, the plot and the recommendations. */
export function renderWeights(report: WeightsReport): string {
  const { header, rows } = tableOf(report);
  const plot = renderWeightsPlot(report);
  return [
    `${basename(report.model)}: weight formats against ${baseName(report)}; ${report.cpu}, ${report.threadCount} threads`,
    '',
    renderTable(header, rows),
    '',
    ...report.failed.map(({ format, reason }) => `${format}: ${reason}`),
    `Prefill and decode: tokens/s measured here, over all of 1 and of 8 sequences. Perplexity, KL divergence (nats) and share of`,
    `tokens with the same likeliest next one, over ${report.scoredTokenCount} tokens in windows of ${report.windowTokenCount}, against the base. ±: 95% intervals, of`,
    'quality over windows, of speed over rounds. Resident: what the process grew by, cells for 8 sequences of 128 included.',
    ...simulatedNotes(report),
    '',
    ...(plot === null ? [] : [plot, '']),
    ...recommendationGoals.flatMap((goal) => {
      const found = recommendFormat(report, goal);
      if (found === null) return [];
      const caveat = found.isWithinBounds ? '' : ' (nothing is within the bounds: this one is nearest)';
      return [`For ${goal}: ${found.format}${caveat}: ${found.rule}.`];
    }),
  ].join('\n');
}

function tableOf(report: WeightsReport) {
  const header = ['format', 'bits', 'file', 'resident', 'prefill 1', 'prefill 8', 'decode 1', 'decode 8'];
  header.push('perplexity', 'over base', 'KL', 'same top');
  return { header, rows: report.rows.map((row) => cellsOf(row)) };
}

function commandLine(
  model: string,
  options: Readonly<Record<string, string | undefined>>,
  isWithoutSpeed: boolean,
): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return [
    'nearfar measure --what weights',
    ...given,
    ...(isWithoutSpeed ? ['--no-speed'] : []),
    basename(model),
  ].join(' ');
}

function baseName({ baseFormat, sourceLoss }: WeightsReport): string {
  return sourceLoss === null
    ? `its own ${baseFormat}`
    : `an F16 file made of its ${sourceLoss}, the best there is of it here: what ${sourceLoss} itself lost is not counted`;
}

function cellsOf(row: WeightsRow): string[] {
  const one = speedAt(row, 1);
  const eight = speedAt(row, 8);
  const speed = (estimate: Estimate | undefined): string =>
    estimate === undefined ? '-' : shown(estimate, 0);
  const { against } = row;
  return [
    `${row.format}${row.origin === 'source' ? ' (as it is)' : ''}${row.kernels === 'built' ? ' (kernels built here)' : ''}`,
    row.bitsPerWeight.toFixed(2),
    formatBytes(row.fileBytes),
    row.residentBytes === null ? '-' : formatBytes(row.residentBytes),
    speed(one?.prefillTokensPerSecond),
    speed(eight?.prefillTokensPerSecond),
    speed(one?.decodeTokensPerSecond),
    speed(eight?.decodeTokensPerSecond),
    shown(row.perplexity, 2),
    against === null ? 'base' : shown(against.perplexityRatio, 4),
    against === null ? 'base' : shown(against.divergence, 4),
    against === null ? 'base' : `${shown(scaled(against.topAgreement, 100), 1)}%`,
  ];
}

function scaled({ mean, margin }: Estimate, factor: number): Estimate {
  return { mean: factor * mean, margin: margin === null ? null : factor * margin };
}

function shown({ mean, margin }: Estimate, digits: number): string {
  return margin === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${margin.toFixed(digits)}`;
}

/** What the formats without kernels here need. */
function simulatedNotes(report: WeightsReport): readonly string[] {
  const formats = simulatedFormats.filter((format) => report.rows.some((row) => row.format === format));
  if (formats.length === 0) return [];
  return [
    `${formats.join(' and ')}: the blocks' matrices were quantized and dequantized into an F16 file, as an engine with the format would`,
    'compute with them; sizes are computed. Speed needs an engine that has the format, with the original of the hub:',
    ...formats.flatMap((format) =>
      enginesForFormat(format, 'ORIGINAL').flatMap(({ engine, code }) => [
        `  ${format}, ${engine}:`,
        ...code.split('\n').map((line) => `    ${line}`),
      ]),
    ),
  ];
}

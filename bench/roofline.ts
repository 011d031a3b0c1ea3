import { quantizeFile } from '../src/engine/llama/quantize-job.ts';
import { measureBandwidth } from '../src/measure/bandwidth.ts';
import { calibrateSpeed } from '../src/measure/calibrate-speed.ts';
import { meanContext } from '../src/measure/solve-calibration.ts';
import { measureStepTimes } from '../src/measure/step-times-job.ts';
import { readGguf } from '../src/models/gguf.ts';
import { stepLoad } from '../src/models/step-load.ts';
import { bitsPerWeightOf } from '../src/models/tensor-format.ts';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  calibratedWidths,
  formatEfficiency,
  loadFormats,
  promptStep,
  type SpeedCalibration,
} from '../src/plan/calculate/calibrated-speed.ts';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { testModel } from '../test/weights.ts';
import type { Benchmark, BenchmarkSetup, Row } from './benchmark.ts';
import { smolAs } from './speculate-models.ts';
import { median, rounded } from './stats.ts';

const batchSizes = [1, 3, 6, 8];

/** Predicted from made-up models' steps on this machine, measured on the real ones: no model is calibrated on. */
export const roofline: Benchmark = async (setup) => {
  const models = await modelsOf(setup);
  const loads = await Promise.all(models.map(async ({ path }) => stepLoad(await readGguf(path))));
  const formats = [...new Set(loads.flatMap(loadFormats))];
  const folder = await mkdtemp(`${tmpdir()}/nearfar-roofline-`);
  const { signal } = new AbortController();
  try {
    setup.progress(`measuring made-up models in ${formats.join(', ')} and ${models.length} models in turns`);
    const { calibration, beside } = await calibrateSpeed(
      {
        ...{ formats, backend: 'cpu', threadCount: setup.threadCount, folder, signal, batchSizes },
        beside: models.map(({ path }) => ({ path, format: 'F16' })),
        onProgress: () => undefined,
      },
      { quantize: quantizeFile, time: measureStepTimes, bandwidth: () => measureBandwidth() },
    );
    // What was measured, for looking into an error afterwards.
    const raw = process.env['ROOFLINE_RAW'];
    if (raw !== undefined) writeFileSync(raw, JSON.stringify({ calibration, beside, loads }));
    const rows: Row[] = [];
    const errors: number[] = [];
    for (const [index, { name }] of models.entries()) {
      const load = loads[index];
      const times = beside[index];
      if (load === undefined || times === undefined) continue;
      const cells: Record<string, string> = {};
      const add = (label: string, predicted: number, measured: number): void => {
        const error = predicted / measured - 1;
        errors.push(Math.abs(error));
        cells[label] = `${predicted.toFixed(1)} / ${measured.toFixed(1)} (${percent(error)})`;
      };
      add('prefill of 512', calibratedPrefillMs(load, calibration, promptStep), times.prefillMs);
      batchSizes.forEach((size, at) => {
        add(
          `step of ${size}`,
          calibratedDecodeMs(load, calibration, size, meanContext),
          times.decodeMs[at] ?? NaN,
        );
      });
      rows.push({ label: name, cells });
    }
    const figures = {
      max_error: rounded(Math.max(...errors), 3),
      median_error: rounded(median(errors), 3),
    };
    return {
      figures,
      targets: [{ key: 'max_error', value: figures.max_error, atMost: 0.25 }],
      rows,
      notes: [
        'Milliseconds, predicted / measured (error); each the best of five rounds, steps the median of 16. In each round the made-up models and the models above take turns, so that what this machine is slower at for a minute is slower for all.',
        `This machine: ${(calibration.bytesPerSecond / 1e9).toFixed(1)} GB/s read by memchr, ${(calibration.flops / 1e9).toFixed(0)} GFLOPS by the fastest format on a prompt of 512.`,
        `Efficiency by format with rows of 1,024 weights, of that bandwidth for one stream and of those FLOPS for a prompt: ${efficiencies(calibration, formats)}.`,
        `Calibrated is on made-up models of random weights (src/measure/calibration-model.ts): a wide and a narrow one in each format, a thin one for what the graph's nodes take beside matrices, at ${calibratedWidths.join(', ')} tokens. None of the models above is part of that; a step of 6 lies between calibrated widths.`,
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function modelsOf(
  setup: BenchmarkSetup,
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  if (setup.isModelGiven) return [{ name: setup.modelPath, path: setup.modelPath }];
  const formats = setup.quick ? ['Q4_0'] : ['F16', 'Q8_0', 'Q4_0'];
  const models: { name: string; path: string }[] = [];
  for (const format of formats)
    models.push({ name: `SmolLM2-135M ${format}`, path: await smolAs(format, setup) });
  if (!setup.quick) models.push({ name: 'SmolLM2-135M Q4_1', path: (await testModel('smollm2')).path });
  models.push({ name: 'Gemma-3-270M Q4_K_M', path: (await testModel('gemma3-270m')).path });
  return models;
}

function efficiencies(calibration: SpeedCalibration, formats: readonly string[]): string {
  return formats
    .map((format) => {
      const found = formatEfficiency(format, bitsPerWeightOf(format), calibration);
      if (found === null) return format;
      return `${format} ${percent(found.memory)} and ${percent(found.compute)}`;
    })
    .join(', ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

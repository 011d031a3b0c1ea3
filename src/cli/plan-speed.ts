import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { kvBytesPerToken } from '../plan/calculate/attention.ts';
import { batchTradeoff } from '../plan/calculate/batch-tradeoff.ts';
import { deviceTableDate, devices, findDevice } from '../plan/calculate/device.ts';
import { decodeStep, prefillStep, type Machine, type ModelLoad } from '../plan/calculate/roofline.ts';
import { formatByName } from '../plan/calculate/weight-bytes.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { contextOf, formatsOf, kvNumberBytes } from './plan-memory.ts';
import { planModel, type PlannedModel } from './plan-model.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

interface NamedMachine {
  readonly machine: Machine;
  readonly name: string;
  readonly source: string;
  readonly memoryBytes: number | null;
}

/**
 * Of the bound that a data sheet gives, what well-made kernels reach: 60 to 80% of memory bandwidth when one stream decodes,
 * 40 to 60% of compute when a prompt is read. The middle of both; a guess until it is measured.
 */
const usualEfficiency = { memory: 0.7, compute: 0.5 };

export async function planSpeed({ words, options }: CommandInput): Promise<number> {
  const loaded = await commandSettings(options);
  const model = await planModel(words[0] ?? '', loaded);
  const promptTokenCount = options.number('prompt', { min: 1, max: 1e8 }) ?? 500;
  const contextTokenCount = contextOf(model, options);
  const isHere = options.text('device') === undefined && options.text('format') === undefined;
  if (options.flag('measure') && (!isHere || model.file === null))
    throw new UsageError('--measure: only a model that is here, as it is, on this machine can be measured');
  if (isHere && model.file !== null) {
    const { planSpeedMeasured } = await import('./plan-speed-measured.ts');
    const sizes = { promptTokenCount, contextTokenCount };
    const done = await planSpeedMeasured({ name: model.name, path: model.file.path }, loaded, options, sizes);
    if (done !== null) return done;
  }
  const target = await machineOf(options, loaded);
  const rows = formatsOf(model, options.text('format')).map(({ format, byteCount, basis }) => {
    const load = loadOf(model, byteCount, options);
    const prefill = prefillStep(load, target.machine, promptTokenCount);
    const step = decodeStep(load, target.machine, 1, contextTokenCount);
    const fits = target.memoryBytes === null ? null : byteCount < target.memoryBytes;
    return {
      format,
      weightBasis: basis,
      firstTokenMs: prefill.ms + step.ms,
      interTokenMs: step.ms,
      tokensPerSecond: 1000 / step.ms,
      boundBy: step.boundBy,
      fits,
    };
  });
  if (options.flag('json')) {
    const { name, source, machine } = target;
    const report = { model: model.name, device: { name, source, ...machine }, basis: 'estimated' };
    process.stdout.write(
      `${JSON.stringify({ ...report, promptTokenCount, contextTokenCount, rows }, null, 2)}\n`,
    );
    return 0;
  }
  process.stdout.write(
    [
      `${model.name} on ${target.name}; estimated by a roofline: bytes read / bandwidth, operations / FLOPS, the slower of both.`,
      `Machine: ${target.source}`,
      `Prompt of ${promptTokenCount} tokens, ${contextTokenCount} tokens of context, one stream.`,
      '',
      renderTable(
        ['FORMAT', 'FIRST TOKEN', 'EACH TOKEN', 'TOKENS/S', 'BOUND BY', 'FITS'],
        rows.map((row) => [
          row.format,
          milliseconds(row.firstTokenMs),
          milliseconds(row.interTokenMs),
          row.tokensPerSecond.toFixed(1),
          row.boundBy,
          row.fits === null ? 'not known' : row.fits ? 'yes' : 'no',
        ]),
      ),
      '',
    ].join('\n'),
  );
  return 0;
}

const batchSizes = [1, 2, 4, 8, 16, 32, 64];

export async function planBatch({ words, options }: CommandInput): Promise<number> {
  const loaded = await commandSettings(options);
  const model = await planModel(words[0] ?? '', loaded);
  const target = await machineOf(options, loaded);
  const promptTokenCount = options.number('prompt', { min: 1, max: 1e8 }) ?? 500;
  const outputTokenCount = options.number('answer', { min: 1, max: 1e8 }) ?? 200;
  const targetInterTokenMs = options.number('target-ms', { min: 0 }) ?? 100;
  // Of a shape every format is possible: the guide's default for production.
  const asked = options.text('format') ?? (model.file === null ? 'Q8_0' : undefined);
  const [weights] = formatsOf(model, asked);
  const load = loadOf(model, weights?.byteCount ?? 0, options);
  const contextTokenCount = promptTokenCount + outputTokenCount / 2;
  const points = batchTradeoff(
    {
      stepMs: (size) => decodeStep(load, target.machine, size, contextTokenCount).ms,
      prefillMs: prefillStep(load, target.machine, promptTokenCount).ms,
      outputTokenCount,
      targetInterTokenMs,
    },
    batchSizes,
  );
  if (options.flag('json')) {
    const report = { model: model.name, format: weights?.format, device: target.name, basis: 'estimated' };
    process.stdout.write(
      `${JSON.stringify({ ...report, promptTokenCount, outputTokenCount, targetInterTokenMs, points }, null, 2)}\n`,
    );
    return 0;
  }
  const late = points.find(({ meetsTarget }) => !meetsTarget);
  process.stdout.write(
    [
      `${model.name} in ${weights?.format ?? ''} on ${target.name}; estimated by a roofline.`,
      `Machine: ${target.source}`,
      `${promptTokenCount} tokens in, ${outputTokenCount} out. Under way at once = requests/s x seconds each (Little's law).`,
      '',
      renderTable(
        ['AT ONCE', 'REQUESTS/S', 'TOKENS/S', 'GAIN', 'LATENCY', 'BETWEEN TOKENS'],
        points.map((point) => [
          String(point.batchSize),
          point.requestsPerSecond.toFixed(2),
          point.tokensPerSecond.toFixed(0),
          `${point.gain.toFixed(1)}x`,
          milliseconds(point.latencyMs),
          `${milliseconds(point.interTokenMs)}${point.meetsTarget ? '' : ' (over the target)'}`,
        ]),
      ),
      '',
      late === undefined
        ? `All keep ${targetInterTokenMs} ms between tokens.`
        : `From ${late.batchSize} at once on, tokens come later than ${targetInterTokenMs} ms apart.`,
      'The guide says 6.7x at 8 and 17.8x at 32; `npm run bench -- batching` measures it here.',
      '',
    ].join('\n'),
  );
  return 0;
}

function loadOf(model: PlannedModel, byteCount: number, options: OptionValues): ModelLoad {
  return {
    // Of a mixture of experts a step reads the weights of the active ones.
    weightBytes: byteCount * (model.activeParameterCount / model.parameterCount),
    activeParameterCount: model.activeParameterCount,
    kvBytesPerToken: kvBytesPerToken(model.layers, kvNumberBytes(options)),
    attentionWidth: model.attentionWidth,
  };
}

async function machineOf(options: OptionValues, loaded: LoadedSettings): Promise<NamedMachine> {
  const asked = options.text('device');
  if (asked === undefined) {
    const { measuredBandwidth } = await import('./measured-bandwidth.ts');
    const { totalmem } = await import('node:os');
    const { bytesPerSecond, threadCount, measuredAt, cpu } = await measuredBandwidth(loaded.home, {
      fresh: false,
    });
    return {
      name: 'this machine',
      memoryBytes: totalmem(),
      machine: {
        memoryBytesPerSecond: bytesPerSecond,
        flops: null,
        efficiency: { memory: 1, compute: 1 },
      },
      source:
        `${cpu}, ${(bytesPerSecond / 1e9).toFixed(1)} GB/s measured with ${threadCount} threads on ${measuredAt.slice(0, 10)}; ` +
        'an upper bound: compute is not measured, and reading a prompt is bound by it',
    };
  }
  const device = findDevice(asked);
  if (device === null) {
    const known = devices.map(({ name }) => name).join(', ');
    throw new UsageError(`--device: expected one of ${known}, got ${JSON.stringify(asked)}`);
  }
  const format = options.text('format');
  const isFp8 = format !== undefined && formatByName(format).name === 'FP8' && device.hasFp8;
  return {
    name: device.name,
    memoryBytes: device.memoryBytes,
    machine: {
      memoryBytesPerSecond: device.memoryBytesPerSecond,
      flops: isFp8 ? device.flops8 : device.flops16,
      efficiency: usualEfficiency,
    },
    source:
      `${device.source}; table of ${deviceTableDate}; ${usualEfficiency.memory} of its bandwidth and ` +
      `${usualEfficiency.compute} of its FLOPS assumed`,
  };
}

function milliseconds(ms: number): string {
  return ms >= 10_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms >= 100
      ? `${ms.toFixed(0)} ms`
      : `${ms.toFixed(1)} ms`;
}

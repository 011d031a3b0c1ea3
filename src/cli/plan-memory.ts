import { totalmem } from 'node:os';
import process from 'node:process';
import { kvShareOfF16, kvTypes } from '../engine/kv-type.ts';
import { kvBytes, kvBytesPerToken } from '../plan/calculate/attention.ts';
import type { ComparedFigure } from '../plan/calculate/figure.ts';
import { guideKvClaim, guideMemoryTable } from '../plan/calculate/memory-table.ts';
import { formatByName, weightBytes } from '../plan/calculate/weight-bytes.ts';
import { weightFormats } from '../plan/calculate/weight-format.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { planModel, type PlannedModel } from './plan-model.ts';
import { outputRowCount } from '../engine/speculation/speculator.ts';
import { readGguf } from '../models/gguf.ts';
import { memoryFacts } from '../models/memory-facts.ts';
import { predictMemory, type MemoryNeed } from '../plan/model-memory.ts';
import type { LoadedSettings } from '../config/load.ts';
import { formatBytes } from './progress.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

const defaultContextTokenCount = 4096;

/** What weights take in a format: of a file as it is exactly, else by bits per weight. */
export function formatsOf(
  model: PlannedModel,
  asked: string | undefined,
): readonly { readonly format: string; readonly byteCount: number; readonly basis: 'exact' | 'estimated' }[] {
  if (asked === undefined && model.file !== null)
    return [{ format: model.file.format, byteCount: model.file.byteCount, basis: 'exact' }];
  const formats = asked === undefined ? weightFormats : [formatByName(asked)];
  return formats.map((format) => ({
    format: format.name,
    byteCount: weightBytes(model.parameterCount, format).value,
    basis: 'estimated',
  }));
}

/** Bytes that one number of the KV cache takes. @throws UsageError */
export function kvNumberBytes(options: OptionValues): number {
  const asked = options.text('kv') ?? 'f16';
  const type = kvTypes.find((one) => one === asked);
  if (type === undefined)
    throw new UsageError(`--kv: expected one of ${kvTypes.join(', ')}, got ${JSON.stringify(asked)}`);
  return 2 * kvShareOfF16(type);
}

export function contextOf(model: PlannedModel, options: OptionValues): number {
  const most = model.contextTokenCount > 0 ? model.contextTokenCount : defaultContextTokenCount;
  return options.number('context', { min: 0, max: 1e9 }) ?? Math.min(defaultContextTokenCount, most);
}

export async function planMemory({ words, options }: CommandInput): Promise<number> {
  const loaded = await commandSettings(options);
  const model = await planModel(words[0] ?? '', loaded);
  const contextTokenCount = contextOf(model, options);
  const numberBytes = kvNumberBytes(options);
  const perToken = kvBytesPerToken(model.layers, numberBytes);
  const cache = kvBytes(model.layers, contextTokenCount, numberBytes);
  const rows = formatsOf(model, options.text('format')).map((one) => ({
    ...one,
    totalByteCount: one.byteCount + cache,
  }));
  const guide = guideRowsOf(model.name);
  const loads = await engineNeed(model, loaded, contextTokenCount, numberBytes);
  if (options.flag('json')) {
    const { name, parameterCount, source } = model;
    const kv = { contextTokenCount, bytesPerToken: perToken, byteCount: cache, bytesPerNumber: numberBytes };
    process.stdout.write(
      `${JSON.stringify({ model: name, parameterCount, source, kv, formats: rows, engine: loads, guide }, null, 2)}\n`,
    );
    return 0;
  }
  const lines = [
    `${model.name}: ${billions(model.parameterCount)} weights (${model.source})`,
    `KV cache: ${formatBytes(perToken)} a token, ${formatBytes(cache)} for ${contextTokenCount.toLocaleString('en')} tokens ` +
      '(layers x KV heads x (key length + value length) x bytes of a number; windows end where they end)',
    '',
    renderTable(
      ['FORMAT', 'WEIGHTS', 'WITH CONTEXT', 'WEIGHTS ARE'],
      rows.map((row) => [
        row.format,
        formatBytes(row.byteCount),
        formatBytes(row.totalByteCount),
        row.basis === 'exact' ? 'read from the file' : 'estimated: weights x bits / 8',
      ]),
    ),
    '',
    loads === null
      ? 'Activations, logits and the process come on top: of a GGUF file they are predicted.'
      : `As nearfar would load it with so much context: ${formatBytes(loads.totalBytes)} = weights ${formatBytes(loads.weightBytes)}, KV cache ` +
        `${formatBytes(loads.cacheBytes)}, computing ${formatBytes(loads.computeBytes)}, process and prefixes ${formatBytes(loads.processBytes)} ` +
        '(docs/decisions/051).',
    ...guideLines(guide),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** All that the engine's process takes of it under these settings; `null` where no GGUF file is at hand. */
async function engineNeed(
  { file }: PlannedModel,
  { settings: { engine } }: LoadedSettings,
  contextTokenCount: number,
  numberBytes: number,
): Promise<MemoryNeed | null> {
  if (file === null || !file.path.toLowerCase().endsWith('.gguf') || contextTokenCount === 0) return null;
  return predictMemory(memoryFacts(await readGguf(file.path), file.byteCount, process.arch), {
    contextTokenCount,
    outputCount: outputRowCount(engine),
    kvShareOfF16: numberBytes / 2,
    hostCacheBytes: engine.hostCacheBytes,
    adapterBytes: 0,
    embeddingContextTokenCount: engine.embeddingContextTokenCount,
    sinks: { windowTokenCount: engine.sinksWindowTokenCount, parallelCount: engine.sinksParallelCount },
    memoryBytes: totalmem(),
  });
}

function guideRowsOf(name: string): readonly (ComparedFigure & { readonly model: string })[] {
  return [...guideMemoryTable(), ...guideKvClaim()].filter(({ model }) => model === name);
}

function guideLines(rows: readonly ComparedFigure[]): readonly string[] {
  if (rows.length === 0) return [];
  return [
    '',
    'The guide says:',
    ...rows.map(({ claim, value, agrees, difference }) => {
      const verdict = agrees ? 'agrees' : `differs: ${difference ?? ''}`;
      return `  ${claim.text}; here ${formatBytes(value)}: ${verdict}`;
    }),
  ];
}

function billions(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(2)} billion` : `${Math.round(count / 1e6)} million`;
}

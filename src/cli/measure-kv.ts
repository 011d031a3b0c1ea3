import process from 'node:process';
import type { KvMeasurement } from '../measure/kv-types.ts';
import type { Measuring } from './measuring.ts';
import { plusMinus, readMeasuringText, runMeasuring } from './measuring-job.ts';
import { formatBytes } from './progress.ts';
import { renderTable } from './table.ts';

/** Cells of the context whose memory is shown, unless the settings say another. */
const defaultCellCount = 16_384;
const windowTokenCount = 512;

/** `nearfar measure --what kv`: what each type of KV cache costs and saves. */
export const measureKv: Measuring = {
  run: async ({ model, loaded, options }) => {
    const { engine } = loaded.settings;
    const file = options.text('text');
    const text = file === undefined ? null : readMeasuringText(file);
    const { measureKvTypes } = await import('../measure/kv-types-job.ts');
    const measured = await runMeasuring(`measuring ${model.id}`, (job) =>
      measureKvTypes(
        {
          path: model.path,
          backend: engine.backend,
          threadCount: engine.threadCount,
          cellCount: engine.contextTokenCount ?? defaultCellCount,
          text,
          windowTokenCount,
        },
        job,
      ),
    );
    const shown = { id: model.id, text: file ?? null, ...measured };
    const output = options.flag('json') ? JSON.stringify(shown, null, 2) : renderKv(model.id, measured);
    process.stdout.write(`${output}\n`);
    return 0;
  },
};

/** The table that people read; figures with their errors. */
export function renderKv(id: string, measured: KvMeasurement): string {
  const { cellCount, types } = measured;
  const header = [
    'type',
    'a token',
    `${cellCount} tokens`,
    'measured',
    'perplexity',
    'over f16',
    'prefill',
    'decode',
  ];
  const rows = types.map((one) => [
    one.kvType,
    formatBytes(one.measuredBytesPerToken),
    formatBytes(one.predictedContextBytes),
    one.measuredContextBytes === null ? 'not told' : formatBytes(one.measuredContextBytes),
    `${one.perplexity.toFixed(3)}${plusMinus(one.perplexityError, 3)}`,
    one.kvType === 'f16' ? '1' : `${one.perplexityRatio.toFixed(4)}${plusMinus(one.perplexityRatioError, 4)}`,
    `${one.prefillTokensPerSecond.toFixed(0)} tokens/s`,
    `${one.decodeTokensPerSecond.toFixed(0)} tokens/s`,
  ]);
  const notes = [
    'A token: bytes of a saved sequence over its tokens. Context: layers x KV heads x (key + value length) x bytes of the',
    'type (predicted), and what this process grew by when one was made, buffers included (measured).',
    `Perplexity over ${measured.scoredTokenCount} tokens in windows of ${measured.windowTokenCount}, with its standard error; over f16 by windows, same text.`,
    'Set one with engine.kvType, or for one model with engine.kvTypes.',
  ];
  return [
    `${id} (${measured.model}), ${measured.threadCount} threads`,
    '',
    renderTable(header, rows),
    '',
    ...measured.refused.map(({ kvType, reason }) => `${kvType}: ${reason}`),
    ...notes,
  ].join('\n');
}

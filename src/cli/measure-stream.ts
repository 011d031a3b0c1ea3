import process from 'node:process';
import { defaultSinkTokenCount } from '../engine/sinks/window-layout.ts';
import type { StreamMeasurement, StreamMethod } from '../measure/stream.ts';
import type { Measuring } from './measuring.ts';
import { plusMinus, readMeasuringText, runMeasuring } from './measuring-job.ts';
import { renderTable } from './table.ts';

const windowTokenCount = 512;
const windowCount = 8;
const strideTokenCount = 64;
/** Sinks must stay within this of recomputation. */
const mostRatio = 1.15;

/** `nearfar measure --what stream`: what a text longer than the window costs in quality, by the way it is read. */
export const measureStreaming: Measuring = {
  run: async ({ model, loaded, options }) => {
    const { engine } = loaded.settings;
    const file = options.text('text');
    const text = file === undefined ? null : readMeasuringText(file);
    const { measureStream } = await import('../measure/stream-job.ts');
    const measured = await runMeasuring(`measuring ${model.id}`, (job) =>
      measureStream(
        {
          path: model.path,
          backend: engine.backend,
          threadCount: engine.threadCount,
          kvType: engine.kvTypes[model.id] ?? engine.kvType,
          text,
          windowTokenCount,
          windowCount,
          strideTokenCount,
          sinkTokenCount: defaultSinkTokenCount,
        },
        job,
      ),
    );
    const shown = { id: model.id, text: file ?? null, ...measured };
    const output = options.flag('json') ? JSON.stringify(shown, null, 2) : renderStream(model.id, measured);
    process.stdout.write(`${output}\n`);
    return 0;
  },
};

/** The table that people read; figures with their errors. */
export function renderStream(id: string, measured: StreamMeasurement): string {
  const { windowTokenCount: window, strideTokenCount: stride, sinkTokenCount, methods } = measured;
  const names: Readonly<Record<StreamMethod['name'], string>> = {
    sinks: `sinks (the first ${sinkTokenCount} stay)`,
    sliding: 'sliding window',
    recomputed: `recomputed every ${stride}`,
  };
  const rows = methods.map((one) => [
    names[one.name],
    `${one.perplexity.toFixed(3)}${plusMinus(one.perplexityError, 3)}`,
    one.name === 'recomputed' ? '1' : `${one.ratio.toFixed(4)}${plusMinus(one.ratioError, 4)}`,
    one.computedPerToken.toFixed(1),
    `${(one.milliseconds / 1000).toFixed(1)} s`,
  ]);
  const sinks = methods.find(({ name }) => name === 'sinks');
  const isMet = sinks !== undefined && sinks.ratio <= mostRatio;
  return [
    `${id} (${measured.model}), KV cache ${measured.kvType}, ${measured.threadCount} threads`,
    '',
    renderTable(['window', 'perplexity', 'over recomputed', 'computed per token', 'time'], rows),
    '',
    `A stream of ${measured.streamTokenCount} tokens through a window of ${window}; ${measured.scoredTokenCount} tokens behind the first window are`,
    'scored, the same each way. Half of what does not stay is discarded at once. Errors: over strides of the same text.',
    `Target: with sinks within ${((mostRatio - 1) * 100).toFixed(0)}% of recomputation: ${isMet ? 'met' : 'missed'}.`,
  ].join('\n');
}

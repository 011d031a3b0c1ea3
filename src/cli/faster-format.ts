import os from 'node:os';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { isRequantizationDue, requantizationLines, requantizeModel } from '../models/requantize.ts';
import type { InstalledModel } from '../models/store.ts';

/** What names this CPU in the store's records: another one may choose another format. */
export function cpuName(): string {
  return `${os.cpus()[0]?.model.trim() ?? 'unknown'} (${process.arch})`;
}

/** Whether another weight format may be faster here and has not been weighed on this CPU yet. */
export function mayBeFaster(model: InstalledModel): boolean {
  return isRequantizationDue(model, cpuName());
}

/**
 * Weighs faster weight formats against the model's own and uses the best; prints all speeds and perplexities. Returns the model as it is served from now on; a failure leaves the original in use.
 */
export async function useFasterFormat(
  loaded: LoadedSettings,
  model: InstalledModel,
  out: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<InstalledModel> {
  const [{ quantizeFile }, { measureModel }] = await Promise.all([
    import('../engine/llama/quantize-job.ts'),
    import('../measure/measure-job.ts'),
  ]);
  let { threadCount } = loaded.settings.engine;
  out.write(`Looking for the weight format that is fastest on this processor (once; less than a minute):\n`);
  const weighed = await requantizeModel(
    {
      home: loaded.home,
      id: model.id,
      cpu: cpuName(),
      signal,
      onStage: (stage, format) => out.write(`  ${stage} (${format})\n`),
    },
    {
      quantize: (request) => quantizeFile({ ...request, allowRequantize: true }),
      // Always the CPU: that is what the formats differ on. All with as many threads as the first one is best with:
      // twice the threads are twice the speed, whatever the format.
      measureModel: async (request) => {
        const measured = await measureModel({ ...request, backend: 'cpu', threadCount });
        ({ threadCount } = measured);
        return measured;
      },
    },
  );
  const record = weighed.requantization ?? null;
  if (record !== null) out.write(`${requantizationLines(record).join('\n')}\n`);
  return weighed;
}

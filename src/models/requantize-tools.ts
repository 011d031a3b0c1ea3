import { quantizeFile } from '../engine/llama/quantize-job.ts';
import { measureModel } from '../measure/measure-job.ts';
import type { RequantizeTools } from './requantize.ts';

/** llama.cpp's own quantizer and measurements of real steps, each in a process of its own. */
export function createRequantizeTools(): RequantizeTools {
  let threadCount: number | null = null;
  return {
    quantize: (request) => quantizeFile(request),
    async measureModel({ path, signal }) {
      // The first measurement chooses the threads; the others keep them, so that formats are compared and not threads.
      const measured = await measureModel({ path, signal, threadCount });
      threadCount = measured.threadCount;
      const { prefillTokensPerSecond, decodeTokensPerSecond, perplexity } = measured;
      return { prefillTokensPerSecond, decodeTokensPerSecond, perplexity };
    },
  };
}

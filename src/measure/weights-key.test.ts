import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/models-fixtures.ts';
import type { WeightsRequest } from './measure-weights.ts';
import { weightsKey } from './weights-key.ts';

it('is another one where other kernels compute the source in its own format, and the same where those of other formats changed', async () => {
  await using folder = await temporaryFolder();
  const [model, kernels] = [join(folder.path, 'model.gguf'), join(folder.path, 'kernels.so')];
  await writeFile(model, 'weights');
  await writeFile(kernels, 'code');
  const keyWith = (builtFor: string): Promise<string> =>
    weightsKey({
      source: { files: [model], format: 'BF16' } as unknown as WeightsRequest['source'],
      formats: ['Q8_0'],
      backend: 'cpu',
      ...{ imatrix: null, folder: folder.path, threadCount: 1, text: null },
      ...{ windowTokenCount: 64, windowCount: null, cpu: 'test', again: false },
      kernelsFor: (format) => (format === builtFor ? kernels : null),
    });
  const [own, other] = [await keyWith('BF16'), await keyWith('Q4_0')];
  await utimes(kernels, 1, 1);
  expect(await keyWith('BF16')).not.toBe(own);
  expect(await keyWith('Q4_0')).toBe(other);
});

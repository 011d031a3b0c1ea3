import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  calibrationLoad,
  narrowShape,
  thinShape,
  writeCalibrationModel,
} from '../measure/calibration-model.ts';
import { readGguf } from './gguf.ts';
import { stepLoad } from './step-load.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearfar-step-load-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the load of a step', () => {
  it('is read from a header as the made-up models count it: their own matrices, rows and nodes', async () => {
    for (const shape of [thinShape, { ...narrowShape, layerCount: 3 }]) {
      const file = join(folder, `${shape.embeddingLength}.gguf`);
      writeCalibrationModel(file, shape);
      expect(stepLoad(await readGguf(file))).toEqual(calibrationLoad(shape, 'F32'));
    }
  });
});

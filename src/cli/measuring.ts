import type { LoadedSettings } from '../config/load.ts';
import type { QuantizeSource } from '../models/quantize-model.ts';
import type { OptionValues } from './command.ts';

/** One thing that `nearfar measure` can measure. */
export interface Measuring {
  /** Returns the exit code. */
  readonly run: (input: MeasuringInput) => Promise<number>;
}

/** A model of the store, or a GGUF file. */
export interface MeasuredModel {
  /** Its id, or the file as it was named. */
  readonly id: string;
  /** The GGUF, or the first part of a split one. */
  readonly path: string;
  /** What other formats are made of. */
  readonly source: () => Promise<QuantizeSource>;
}

export interface MeasuringInput {
  readonly model: MeasuredModel;
  readonly loaded: LoadedSettings;
  readonly options: OptionValues;
}

import type { LoadedSettings } from '../config/load.ts';
import type { InstalledModel } from '../models/store.ts';
import type { OptionValues } from './command.ts';

/** One thing that `nearfar measure` can measure. */
export interface Measuring {
  /** Returns the exit code. */
  readonly run: (input: MeasuringInput) => Promise<number>;
}

export interface MeasuringInput {
  readonly model: InstalledModel;
  readonly loaded: LoadedSettings;
  readonly options: OptionValues;
}

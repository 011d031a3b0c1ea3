import type { LoadedSettings } from '../config/load.ts';
import { createLabel } from '../privacy/label.ts';
import { createKeptResponses, type KeptResponses } from '../responses/kept-responses.ts';
import type { Store } from '../store/store.ts';
import { databaseUrl } from './open-state.ts';

/** Responses that clients may go on from, under these settings. */
export function openKeptResponses(loaded: LoadedSettings, state: Pick<Store, 'db'>): KeptResponses {
  const { privacy, responses } = loaded.settings;
  return createKeptResponses({
    store: state,
    label: createLabel(privacy),
    settings: responses,
    isHere: databaseUrl(loaded) === null,
  });
}

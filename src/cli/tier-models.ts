import type { LoadedSettings } from '../config/load.ts';
import { resolveModelName } from '../route/resolve-model-name.ts';
import type { NamedTier } from '../route/tier-names.ts';
import { remoteNames } from './upstreams.ts';

/** Tiers with the ids of their models; a model that is not known stands for itself: it may be here by the time that it is asked. */
export function tierModels(
  loaded: LoadedSettings,
  tiers: readonly { readonly tier: string; readonly model: string }[],
): readonly NamedTier[] {
  const { settings } = loaded;
  const remote = remoteNames(loaded);
  const known = {
    aliases: settings.aliases,
    near: settings.near,
    modelIds: [settings.near],
    ...(remote === undefined ? {} : { remote }),
  };
  return tiers.map(({ tier, model }) => {
    try {
      return { tier, modelId: resolveModelName(model, known).modelId };
    } catch {
      return { tier, modelId: model };
    }
  });
}

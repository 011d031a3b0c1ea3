import { NearfarError } from '../chat/error.ts';
import type { KeyLimits } from './limits.ts';

/** Pure: whether a name is one of those that the pattern means. `*` stands for any characters, none among them. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) {
    return false;
  }
  // What stands between stars is found as early as it can be, so that the most is left for the next.
  let at = first.length;
  const end = name.length - last.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Pure: whether any of the names is allowed. */
export function allowsModel(models: KeyLimits['models'], ...names: readonly string[]): boolean {
  return models === null || models.some((pattern) => names.some((name) => matchesPattern(pattern, name)));
}

/**
 * The models of a route that a key may reach. The name that the client wrote is enough (what it stands for is the owner's
 * choice, fallbacks among it); so is the id of the model. By its id alone it says nothing of the fallbacks.
 * @throws NearfarError `forbidden` where the first of them is not allowed
 */
export function allowedModels(
  limits: KeyLimits | undefined,
  keyName: string,
  requestedModel: string,
  modelIds: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const models = limits?.models ?? null;
  if (allowsModel(models, requestedModel)) return modelIds;
  const [first, ...others] = modelIds;
  if (!allowsModel(models, first)) throw modelNotAllowed(keyName, requestedModel, models ?? []);
  return [first, ...others.filter((id) => allowsModel(models, id))];
}

export function modelNotAllowed(keyName: string, model: string, models: readonly string[]): NearfarError {
  return new NearfarError(
    'forbidden',
    `The key "${keyName}" may not ask "${model}". It may ask: ${models.join(', ') || 'nothing'}.`,
    { field: 'model' },
  );
}

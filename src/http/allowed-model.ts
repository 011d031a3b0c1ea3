import type { Caller } from '../access/access.ts';
import { allowedModels, allowsModel } from '../access/model-pattern.ts';
import type { AppDependencies } from './dependencies.ts';

/**
 * The id of the model that a name stands for, where the caller's key may ask it.
 * @throws NearfarError `model_not_found`, or `forbidden` where the key may not
 */
export async function resolveAllowed(
  { naming }: Pick<AppDependencies, 'naming'>,
  caller: Caller,
  name: string,
): Promise<string> {
  const id = await naming.resolve(name);
  const [allowed] = allowedModels(caller.limits, caller.keyName, name, [id]);
  return allowed;
}

/** Whether a listing shows this name of a model to the caller. */
export function isShown(caller: Caller, name: string, id: string): boolean {
  return allowsModel(caller.limits?.models ?? null, name, id);
}

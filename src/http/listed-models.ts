import type { ModelFacts } from '../chat/model.ts';
import { NearfarError } from '../chat/error.ts';
import type { InstalledModel } from '../models/store.ts';
import type { AppDependencies } from './dependencies.ts';

/** A name that clients may use, and the model that answers to it now. */
export interface ListedModel {
  readonly name: string;
  readonly facts: ModelFacts;
  /** The model that this is a LoRA adapter of; `null` = it is a model itself. */
  readonly parent: string | null;
}

type Sources = Pick<AppDependencies, 'store' | 'naming'>;

/** The ids of all models here and elsewhere, then `auto`, `near`, `far` and the aliases as far as they lead to one. */
export async function listedModels({ store, naming }: Sources): Promise<readonly ListedModel[]> {
  const installed = await store.list();
  const remote = naming.remote ?? [];
  const listed: ListedModel[] = [
    ...installed.map((model) => listedAs(model.id, model)),
    ...remote.map((facts) => ({ name: facts.id, facts, parent: null })),
  ];
  const taken = new Set(listed.map((model) => model.name));
  for (const name of ['auto', 'near', 'far', ...Object.keys(naming.aliases)]) {
    if (taken.has(name)) continue;
    const model = await modelOf(name, listed, naming);
    if (model !== null) listed.push({ ...model, name });
  }
  return listed;
}

/** @throws NearfarError `model_not_found` */
export async function findListedModel(name: string, { store, naming }: Sources): Promise<ListedModel> {
  const id = await naming.resolve(name);
  const remote = naming.remote?.find((facts) => facts.id === id);
  if (remote !== undefined) return { name, facts: remote, parent: null };
  const model = await store.find(id);
  if (model === null) {
    throw new NearfarError('model_not_found', `The model ${id} is not on this machine.`, { field: 'model' });
  }
  return listedAs(name, model);
}

function listedAs(name: string, { facts, adapterOf }: InstalledModel): ListedModel {
  return { name, facts, parent: adapterOf?.model ?? null };
}

async function modelOf(
  name: string,
  listed: readonly ListedModel[],
  naming: AppDependencies['naming'],
): Promise<ListedModel | null> {
  try {
    const id = await naming.resolve(name);
    return listed.find((model) => model.facts.id === id) ?? null;
  } catch (thrown) {
    if (thrown instanceof NearfarError && thrown.kind === 'model_not_found') return null;
    throw thrown;
  }
}

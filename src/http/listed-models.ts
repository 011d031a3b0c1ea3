import type { ModelFacts } from '../chat/model.ts';
import { NearfarError } from '../chat/error.ts';
import type { AppDependencies } from './dependencies.ts';

/** A name that clients may use, and the model that answers to it now. */
export interface ListedModel {
  readonly name: string;
  readonly facts: ModelFacts;
}

type Sources = Pick<AppDependencies, 'store' | 'naming'>;

/** The ids of all models here, then `auto`, `near` and the aliases as far as they lead to one of them. */
export async function listedModels({ store, naming }: Sources): Promise<readonly ListedModel[]> {
  const installed = (await store.list()).map((model) => model.facts);
  const listed: ListedModel[] = installed.map((facts) => ({ name: facts.id, facts }));
  const taken = new Set(listed.map((model) => model.name));
  for (const name of ['auto', 'near', ...Object.keys(naming.aliases)]) {
    if (taken.has(name)) continue;
    const facts = await factsOf(name, installed, naming);
    if (facts !== null) listed.push({ name, facts });
  }
  return listed;
}

/** @throws NearfarError `model_not_found` */
export async function findListedModel(name: string, { store, naming }: Sources): Promise<ListedModel> {
  const id = await naming.resolve(name);
  const model = await store.find(id);
  if (model === null) {
    throw new NearfarError('model_not_found', `The model ${id} is not on this machine.`, { field: 'model' });
  }
  return { name, facts: model.facts };
}

async function factsOf(
  name: string,
  installed: readonly ModelFacts[],
  naming: AppDependencies['naming'],
): Promise<ModelFacts | null> {
  try {
    const id = await naming.resolve(name);
    return installed.find((facts) => facts.id === id) ?? null;
  } catch (thrown) {
    if (thrown instanceof NearfarError && thrown.kind === 'model_not_found') return null;
    throw thrown;
  }
}

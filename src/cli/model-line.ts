import type { ModelFacts } from '../chat/model.ts';
import type { LoadedSettings } from '../config/load.ts';
import { openStore } from './open-store.ts';
import { formatBytes } from './progress.ts';

/** `smollm2-135m-instruct · Q4_0 · 91 MB · grade: smoke test · licence: Apache-2.0 · unverified` */
export function modelLine(facts: ModelFacts): string {
  const parts = [facts.id];
  if (facts.format !== null) parts.push(facts.format);
  if (facts.sizeBytes !== null) parts.push(formatBytes(facts.sizeBytes));
  parts.push(`grade: ${facts.grade}`, `licence: ${facts.license ?? 'unknown'}`);
  if (!facts.verified) parts.push('unverified');
  return parts.join(' · ');
}

/** What a grade promises, for people who see it the first time. */
export function gradeNote(facts: ModelFacts): string | null {
  return facts.grade === 'smoke test'
    ? 'A smoke test: this model proves that everything works. It is too small to be relied on for answers.'
    : null;
}

/** The line for a name that a person gave; the name itself where it means nothing here. */
export async function describeModel(loaded: LoadedSettings, name: string): Promise<string> {
  const { resolveModelName } = await import('../route/resolve-model-name.ts');
  const store = await openStore(loaded, () => undefined);
  const models = await store.list();
  try {
    const { modelId } = resolveModelName(name, {
      aliases: loaded.settings.aliases,
      near: loaded.settings.near,
      modelIds: models.map((model) => model.id),
    });
    const facts = models.find((model) => model.id === modelId)?.facts;
    if (facts === undefined) return name;
    const note = gradeNote(facts);
    return note === null ? modelLine(facts) : `${modelLine(facts)}\n${note}`;
  } catch {
    return name;
  }
}

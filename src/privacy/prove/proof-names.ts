/** Of the settings what clients can ask for; `Settings` fits. */
export interface NamedSettings {
  readonly near: string;
  readonly mid: string | null;
  readonly route: { readonly tiers: readonly { readonly name: string }[] | null };
  readonly aliases: Readonly<Record<string, string>>;
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly upstreams: readonly {
    readonly name: string;
    readonly models: readonly { readonly name: string }[];
  }[];
}

/** Every name that a client could ask for, and one that is nobody's. */
export function namesOf({
  near,
  mid,
  route,
  aliases,
  fallbacks,
  upstreams,
}: NamedSettings): readonly string[] {
  const ids = upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`));
  return [
    ...new Set([
      ...['auto', 'near', ...(upstreams.length === 0 ? [] : ['far']), near],
      ...(mid === null ? [] : ['mid']),
      ...(route.tiers ?? []).map(({ name }) => name),
      ...Object.keys(aliases),
      ...Object.keys(fallbacks),
      ...ids,
      ...ids.map((id) => id.slice(id.indexOf('/') + 1)),
      // What an upstream is asked for without being in the settings.
      ...upstreams.map(({ name }) => `${name}/unlisted-model`),
      'nobodys-model',
    ]),
  ];
}

/** SPDX ids of licences that models have. */
const spdxIds = [
  'AFL-3.0',
  'AGPL-3.0',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BSL-1.0',
  'CC-BY-4.0',
  'CC-BY-NC-4.0',
  'CC-BY-NC-ND-4.0',
  'CC-BY-NC-SA-4.0',
  'CC-BY-ND-4.0',
  'CC-BY-SA-4.0',
  'CC0-1.0',
  'GPL-3.0',
  'LGPL-3.0',
  'MIT',
  'MPL-2.0',
  'Unlicense',
];

/** The hub's tags for licences without an SPDX id, by the names that the catalog has for them. */
const hubNames: Readonly<Record<string, string>> = { gemma: 'Gemma Terms of Use' };

/** What a GGUF states is mostly the hub's tag, in small letters: the name as the catalog writes it; others as they are. */
export function licenseName(stated: string): string {
  const tag = stated.toLowerCase();
  return spdxIds.find((id) => id.toLowerCase() === tag) ?? hubNames[tag] ?? stated;
}

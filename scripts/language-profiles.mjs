// Writes src/route/task/language-profiles.ts from the data of franc-all 7.2.0 (MIT; trigrams of the Universal Declaration of Human
// Rights). Not part of the build. To run it again, unpack that package somewhere (`npm pack franc-all@7.2.0`) and name its folder:
//   node scripts/language-profiles.mjs FOLDER
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node scripts/language-profiles.mjs FOLDER_OF_FRANC_ALL');
const { data } = await import(pathToFileURL(resolve(folder, 'data.js')).href);
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
if (version !== '7.2.0') throw new Error(`franc-all ${version}, expected 7.2.0`);

const trigramCount = 250;
/** ISO 639-3 of each profile, by its script. Which of them are low-resource is said in src/route/task/low-resource.ts. */
const languages = {
  Latin:
    'eng spa por fra deu ita nld pol tur ind vie swe dan nob ron ces slk slv hrv hun fin ekk lit lvs cat eus glg afr tgl ceb zlm uzn ' +
    'swh yor hau ibo zul xho ssw nbl som kin run nya sna plt cym gle gla mlt ltz hat quz quy mri smo ton fij haw tah jav sun ' +
    'sot tsn nso tso ven wol lin gaz tuk isl bre fao fry gug ayr ewe twi bam dyu lug lua kmb umb bem azj als ckb ilo war hil nav ' +
    'fuv kal sme ace ban min mad bug tem men fon gaa tpi pap',
  Cyrillic: 'rus ukr srp bel bul mkd kaz khk kir tgk tat sah tyv chv oss abk ady kbd evn',
  Arabic: 'arb urd pes skr pbu uig',
  Devanagari: 'hin mar mai bho npi mag san',
  Hebrew: 'heb ydd',
};

const lines = [];
for (const [script, codes] of Object.entries(languages)) {
  lines.push(`  ${script}: {`);
  for (const code of codes.split(' ')) {
    const trigrams = data[script][code]?.split('|').slice(0, trigramCount);
    if (trigrams === undefined) throw new Error(`no profile of ${code} in ${script}`);
    lines.push(`    ${code}: '${trigrams.join('|').replaceAll("'", "\\'")}',`);
  }
  lines.push('  },');
}
writeFileSync(
  new URL('../src/route/task/language-profiles.ts', import.meta.url),
  `// Written by scripts/language-profiles.mjs; do not edit.

/** Script -> ISO 639-3 -> the most frequent trigrams, most frequent first, joined by \`|\`; from franc-all ${version} (MIT). */
// prettier-ignore
export const languageProfiles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
${lines.join('\n')}
};
`,
);

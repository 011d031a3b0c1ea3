/**
 * Which languages count as low-resource: those that the taxonomy of Joshi et al. 2020 ("The State and Fate of Linguistic Diversity and
 * Inclusion in the NLP World") puts into its classes 0 to 2, as far as a profile or a script tells them apart here. Its classes
 * 3 to 5 are well-resourced. Two are counted otherwise than there: Norwegian, which reads like Danish, is well-resourced;
 * Swahili (class 2) is low-resource as the others of its class, though models know it better.
 */

/** ISO 639-3 of the languages with a profile that are well-resourced; every other profile is of a low-resource one. */
const wellResourced: ReadonlySet<string> = new Set(
  (
    'eng spa por fra deu ita nld pol tur ind vie swe dan nob ron ces slk slv hrv hun fin ekk lit lvs cat eus glg afr tgl ceb zlm ' +
    'uzn rus ukr srp bel bul mkd kaz arb urd pes hin heb jpn cmn kor tha ell kat tam ben'
  ).split(' '),
);

export function isLowResource(language: string): boolean {
  return !wellResourced.has(language);
}

/**
 * ISO 639 codes of low-resource languages that a request may name ("translate into Yoruba"); `Intl.DisplayNames` knows what
 * other languages call them.
 */
export const namedLowResource: readonly string[] = (
  'sw yo ha ig zu xh ss nr so rw rn ny sn mg cy ga gd gv kw br mt lb ht qu mi sm to fj haw ty jv su st tn nso ts ve wo ln om tk is fo fy ' +
  'gn ay ee tw ak bm lg ki kam az sq ku ckb ilo war hil nv ff kl se ace ban min mad bug kab kg fon gaa tpi pap ne mr mai bho ' +
  'si km lo my bo dz mn ky tg tt sah tyv ce os ab ba cv ps sd ug ks as or pa gu te kn ml sa kok mni sat am ti dv hy yi chr iu ' +
  'cr oj gag la eo sc co oc ast an rm fur lmo scn vec wa li nds hsb dsb csb szl rue bi ho ch mh na pau tvl tet dje luo mos sg ' +
  'kmb umb lua rw bem loz'
).split(' ');

/** Scripts in which only low-resource languages are written, and the commonest language of each (ISO 639-3). */
export const lowResourceScripts: Readonly<Record<string, string>> = {
  Ethiopic: 'amh',
  Telugu: 'tel',
  Kannada: 'kan',
  Malayalam: 'mal',
  Gujarati: 'guj',
  Gurmukhi: 'pan',
  Oriya: 'ory',
  Sinhala: 'sin',
  Khmer: 'khm',
  Lao: 'lao',
  Myanmar: 'mya',
  Tibetan: 'bod',
  Thaana: 'div',
  Armenian: 'hye',
  Cherokee: 'chr',
  Canadian_Aboriginal: 'iku',
  Tifinagh: 'zgh',
  Nko: 'nqo',
  Vai: 'vai',
  Ol_Chiki: 'sat',
  Syriac: 'aii',
  Javanese: 'jav',
  Mongolian: 'mon',
  Yi: 'iii',
};

/** Scripts whose language is well-resourced wherever they stand. */
export const wellResourcedScripts: Readonly<Record<string, string>> = {
  Han: 'cmn',
  Hiragana: 'jpn',
  Katakana: 'jpn',
  Hangul: 'kor',
  Thai: 'tha',
  Greek: 'ell',
  Georgian: 'kat',
  Tamil: 'tam',
  Bengali: 'ben',
};

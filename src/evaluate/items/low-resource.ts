/** Language -> words of it and what they mean. Everyday words whose translation is not in doubt. */
export const vocabulary: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Swahili: { maji: 'water', nyumba: 'house', kitabu: 'book', mwalimu: 'teacher', moto: 'fire' },
  Yoruba: { omi: 'water', ilé: 'house' },
  Hausa: { ruwa: 'water', littafi: 'book' },
  Zulu: { amanzi: 'water', inja: 'dog' },
  Welsh: { llyfr: 'book', cath: 'cat', coch: 'red', bara: 'bread' },
  Irish: { uisce: 'water', leabhar: 'book', madra: 'dog' },
  Icelandic: { hús: 'house', bók: 'book', vatn: 'water' },
  Maltese: { ilma: 'water', ktieb: 'book' },
  Somali: { biyo: 'water', buug: 'book' },
  'Haitian Creole': { dlo: 'water', kay: 'house' },
  Māori: { wai: 'water', whare: 'house' },
  Nepali: { पानी: 'water', घर: 'house' },
  Amharic: { ውሃ: 'water', ቤት: 'house' },
};

/** [number word, language, number]. */
export const numberWords: readonly (readonly [word: string, language: string, value: number])[] = [
  ['tano', 'Swahili', 5],
  ['kumi', 'Swahili', 10],
  ['saith', 'Welsh', 7],
  ['ocht', 'Irish', 8],
];

/** [question in a low-resource language, options, right option]. */
export const askedInThem: readonly (readonly [
  question: string,
  options: readonly string[],
  answer: string,
])[] = [
  ['Mji mkuu wa Ufaransa ni upi?', ['Paris', 'London', 'Roma', 'Berlin'], 'Paris'],
  ['Beth yw prifddinas Cymru?', ['Caerdydd', 'Abertawe', 'Llundain', 'Bangor'], 'Caerdydd'],
  [
    'Cad é príomhchathair na hÉireann?',
    ['Baile Átha Cliath', 'Corcaigh', 'Gaillimh', 'Luimneach'],
    'Baile Átha Cliath',
  ],
  ['नेपालको राजधानी कुन हो?', ['काठमाडौं', 'पोखरा', 'विराटनगर', 'धरान'], 'काठमाडौं'],
  ['Hver er höfuðborg Íslands?', ['Reykjavík', 'Akureyri', 'Keflavík', 'Selfoss'], 'Reykjavík'],
];

/** What the other options of a word's meaning are. */
export const meanings: readonly string[] = [
  'water',
  'house',
  'book',
  'dog',
  'fire',
  'bread',
  'teacher',
  'cat',
  'red',
];

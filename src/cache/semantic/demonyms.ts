/** Adjectives of places and the places' names, in lower case: the two name the same. */
const list = `
europe european|asia asian|africa african|america american|australia australian|austria austrian|belgium belgian|brazil brazilian
britain british|bulgaria bulgarian|canada canadian|chile chilean|china chinese|colombia colombian|croatia croatian|cuba cuban
czechia czech|denmark danish|egypt egyptian|england english|estonia estonian|ethiopia ethiopian|finland finnish|france french
germany german|greece greek|hungary hungarian|iceland icelandic|india indian|indonesia indonesian|iran iranian|iraq iraqi
ireland irish|israel israeli|italy italian|japan japanese|kenya kenyan|korea korean|latvia latvian|lithuania lithuanian
malaysia malaysian|mexico mexican|mongolia mongolian|morocco moroccan|nepal nepalese|netherlands dutch|nigeria nigerian
norway norwegian|pakistan pakistani|peru peruvian|poland polish|portugal portuguese|romania romanian|russia russian
scotland scottish|serbia serbian|slovakia slovak|slovenia slovenian|spain spanish|sweden swedish|switzerland swiss
syria syrian|thailand thai|tunisia tunisian|turkey turkish|ukraine ukrainian|vietnam vietnamese|wales welsh
`;

const places: ReadonlyMap<string, string> = new Map(
  list
    .trim()
    .split(/[|\n]/)
    .flatMap((pair) => {
      const [place = '', adjective = ''] = pair.split(' ');
      return [[adjective, place] as const];
    }),
);

/** Pure: the name of the place where a word is its adjective, else the word. In lower case. */
export function placeOf(word: string): string {
  return places.get(word) ?? word;
}

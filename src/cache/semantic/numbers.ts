const ones =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const others: Readonly<Record<string, string>> = {
  hundred: '100',
  thousand: '1000',
  million: '1e6',
  billion: '1e9',
  trillion: '1e12',
  dozen: '12',
  half: '1/2',
  quarter: '1/4',
  double: 'x2',
  twice: 'x2',
  triple: 'x3',
  thrice: 'x3',
  both: '2',
  couple: '2',
  single: '1',
  once: '1',
};
const irregularOrdinals: Readonly<Record<string, string>> = {
  third: '3',
  fifth: '5',
  eighth: '8',
  ninth: '9',
  twelfth: '12',
};

/** `third` -> `3`, `sixteenth` -> `16`, `twentieth` -> `20`, `twenty-sixth` -> `26`. First and second are opposites instead. */
function ordinalOf(word: string): string | null {
  if (Object.hasOwn(irregularOrdinals, word)) return irregularOrdinals[word] ?? null;
  const [first = '', second] = word.split('-');
  if (second !== undefined && tens.includes(first)) {
    const single = second === 'first' ? '1' : second === 'second' ? '2' : ordinalOf(second);
    return single === null ? null : String((tens.indexOf(first) + 2) * 10 + Number(single));
  }
  const whole = tens.indexOf(word.replace(/ieth$/, 'y'));
  if (word.endsWith('ieth') && whole >= 0) return String((whole + 2) * 10);
  const base = ones.indexOf(word.replace(/th$/, ''));
  return word.endsWith('th') && base > 3 ? String(base) : null;
}

const calendar = new Map(
  (
    'january february march april june july august september october november december ' +
    'monday tuesday wednesday thursday friday saturday sunday ' +
    'christmas easter thanksgiving halloween'
  )
    .split(' ')
    .map((name) => [name, name] as const),
);
for (const short of 'jan feb mar apr jun jul aug sep sept oct nov dec'.split(' ')) {
  const whole = [...calendar.keys()].find((name) => name.startsWith(short));
  if (whole !== undefined) calendar.set(short, whole);
}
const roman = new Map(
  [
    'ii',
    'iii',
    'iv',
    'vi',
    'vii',
    'viii',
    'ix',
    'xi',
    'xii',
    'xiii',
    'xiv',
    'xv',
    'xvi',
    'xvii',
    'xviii',
  ].map((numeral) => [numeral, String(romanValue(numeral))]),
);

const units: Readonly<Record<string, string>> = {
  '%': '%', percent: '%', 'per-cent': '%',
  mg: 'mg', milligram: 'mg', milligrams: 'mg', g: 'g', gram: 'g', grams: 'g', kg: 'kg', kilo: 'kg', kilos: 'kg',
  kilogram: 'kg', kilograms: 'kg', mcg: 'mcg', microgram: 'mcg', micrograms: 'mcg', lb: 'lb', lbs: 'lb', pound: 'lb',
  pounds: 'lb', oz: 'oz', ounce: 'oz', ounces: 'oz', ml: 'ml', millilitre: 'ml', millilitres: 'ml', milliliter: 'ml',
  milliliters: 'ml', l: 'l', litre: 'l', litres: 'l', liter: 'l', liters: 'l', km: 'km', kilometre: 'km',
  kilometres: 'km', kilometer: 'km', kilometers: 'km', m: 'm', metre: 'm', metres: 'm', meter: 'm', meters: 'm',
  cm: 'cm', mm: 'mm', mile: 'mile', miles: 'mile', foot: 'ft', feet: 'ft', ft: 'ft', inch: 'in', inches: 'in',
  mph: 'mph', kmh: 'kmh', 'km/h': 'kmh', gb: 'gb', mb: 'mb', tb: 'tb', kb: 'kb', am: 'am', pm: 'pm', 'a.m': 'am',
  'p.m': 'pm', '°c': 'c', '°f': 'f', celsius: 'c', fahrenheit: 'f', degree: 'deg', degrees: 'deg', second: 's',
  seconds: 's', minute: 'min', minutes: 'min', min: 'min', mins: 'min', hour: 'h', hours: 'h', hr: 'h', hrs: 'h',
  day: 'd', days: 'd', week: 'w', weeks: 'w', month: 'mo', months: 'mo', year: 'y', years: 'y', dollar: '$',
  dollars: '$', usd: '$', euro: '€', euros: '€', cup: 'cup', cups: 'cup', tablespoon: 'tbsp', tablespoons: 'tbsp',
  tbsp: 'tbsp', teaspoon: 'tsp', teaspoons: 'tsp', tsp: 'tsp', thousand: '1000', million: '1e6', billion: '1e9',
}; // prettier-ignore

/**
 * Pure: all that counts, measures or dates, in one form however it is written (`5 mg`, `5mg`, `five milligrams`), sorted.
 * The word `one` counts nothing ("which one").
 * @param words in lower case
 */
export function numbersOf(words: readonly string[]): {
  readonly numbers: readonly string[];
  readonly isNumber: readonly boolean[];
} {
  const numbers: string[] = [];
  const isNumber = words.map(() => false);
  for (let index = 0; index < words.length; index++) {
    const value = valueOf(words[index] ?? '');
    if (value === null) continue;
    isNumber[index] = true;
    const next = words[index + 1] ?? '';
    const unit = Object.hasOwn(units, next) ? units[next] : undefined;
    if (unit !== undefined && !calendar.has(words[index] ?? '')) {
      isNumber[index + 1] = true;
      numbers.push(`${value} ${unit}`);
      index++;
    } else numbers.push(value);
  }
  return { numbers: numbers.sort(), isNumber };
}

function valueOf(word: string): string | null {
  const dated = calendar.get(word);
  if (dated !== undefined) return dated;
  if (/\d/.test(word)) return written(word);
  if (word === 'one') return null;
  const small = ones.indexOf(word);
  if (small >= 0) return String(small);
  const ten = tens.indexOf(word);
  if (ten >= 0) return String((ten + 2) * 10);
  const [first = '', second = ''] = word.split('-');
  if (tens.includes(first) && ones.includes(second)) {
    return String((tens.indexOf(first) + 2) * 10 + ones.indexOf(second));
  }
  return (Object.hasOwn(others, word) ? others[word] : (ordinalOf(word) ?? roman.get(word))) ?? null;
}

/** `5mg` -> `5 mg`, `$1,000.50` -> `$1000.5`, `3rd` -> `3`, `v2.1` -> `v2.1`. */
function written(word: string): string {
  const bare = word.replaceAll(/(?<=\d),(?=\d{3})/g, '').replace(/[.,]+$/, '');
  const ordinal = /^(\d+)(?:st|nd|rd|th)$/.exec(bare);
  if (ordinal?.[1] !== undefined) return ordinal[1];
  const measured = /^([$€£¥#]?)(\d+(?:\.\d+)?)-?(\p{L}+|%|°\p{L}?)?$/u.exec(bare);
  if (measured === null) return bare;
  const [, sign = '', digits = '', unit = ''] = measured;
  const known = Object.hasOwn(units, unit) ? ` ${units[unit] ?? ''}` : unit;
  return `${sign}${String(Number(digits))}${known}`;
}

function romanValue(numeral: string): number {
  const values: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10 };
  return Array.from(numeral).reduce((sum, letter, index) => {
    const own = values[letter] ?? 0;
    return (values[numeral[index + 1] ?? ''] ?? 0) > own ? sum - own : sum + own;
  }, 0);
}

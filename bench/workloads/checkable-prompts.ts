import { isRight } from '../../src/evaluate/check-answer.ts';
import type { Check } from '../../src/evaluate/item.ts';

/** A prompt whose answer a program can check. */
export interface CheckablePrompt {
  readonly kind: string;
  readonly prompt: string;
  readonly check: Check;
}

export function isAnsweredRight({ check }: CheckablePrompt, answer: string): boolean {
  return isRight(answer, check);
}

type Random = () => number;
type Make = (random: Random) => Omit<CheckablePrompt, 'kind'>;

const words = (
  'river lamp garden copper window basket yellow turtle silver cotton market harbor candle forest button castle ' +
  'pepper ladder mirror pillow rabbit saddle ticket velvet walnut anchor barrel cactus dragon engine feather guitar'
).split(' ');
const names = 'Ana Ben Carla Dev Elif Finn Gita Hugo Ines Jonas Kira Liam Mona Nils Olga Pia'.split(' ');
const cities = 'Oslo Porto Graz Lyon Bergen Turin Gdansk Bruges Malaga Tartu'.split(' ');

/** [country, capital]: facts of very different fame. */
const capitals: readonly (readonly [string, string])[] = (
  'France Paris|Germany Berlin|Italy Rome|Spain Madrid|Japan Tokyo|China Beijing|Russia Moscow|Egypt Cairo|Greece Athens|Canada Ottawa|' +
  'Portugal Lisbon|Austria Vienna|Norway Oslo|Sweden Stockholm|Poland Warsaw|Hungary Budapest|Cuba Havana|Peru Lima|Kenya Nairobi|' +
  'Iran Tehran|Iraq Baghdad|Nepal Kathmandu|Finland Helsinki|Ireland Dublin|Turkey Ankara|Chile Santiago|Ghana Accra|Latvia Riga|' +
  'Estonia Tallinn|Bulgaria Sofia|Romania Bucharest|Uganda Kampala|Senegal Dakar|Zambia Lusaka|Bolivia Sucre|Bhutan Thimphu|' +
  'Malawi Lilongwe|Fiji Suva|Oman Muscat|Eritrea Asmara'
)
  .split('|')
  .map((pair) => {
    const [country = '', capital = ''] = pair.split(' ');
    return [country, capital];
  });

/** [one, its opposite]. */
const opposites = (
  'hot cold|big small|up down|day night|fast slow|happy sad|old young|light dark|open closed|early late|rich poor|strong weak|wet dry|full empty|' +
  'hard soft|high low|loud quiet|thick thin|war peace|love hate|north south|black white|first last|buy sell|push pull'
)
  .split('|')
  .map((pair) => pair.split(' '));

/** [unit of many, how many, unit of one]. */
const units: readonly (readonly [string, number, string])[] = [
  ['minutes', 60, 'hours'],
  ['seconds', 60, 'minutes'],
  ['days', 7, 'weeks'],
  ['centimetres', 100, 'metres'],
  ['grams', 1000, 'kilograms'],
  ['months', 12, 'years'],
  ['hours', 24, 'days'],
];

function whole(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function distinct<Item>(random: Random, items: readonly Item[], count: number): readonly Item[] {
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0] as Item);
}

function number(prompt: string, value: number): Omit<CheckablePrompt, 'kind'> {
  return { prompt: `${prompt} Answer with the number only.`, check: { type: 'number', value } };
}

function choice(prompt: string, options: readonly string[], answer: string): Omit<CheckablePrompt, 'kind'> {
  return { prompt: `${prompt} Answer with one word.`, check: { type: 'choice', options, answer } };
}

/** Each over a range from what a small model can do to what it cannot: chosen before any was asked. */
const kinds: Readonly<Record<string, Make>> = {
  copy: (random) => {
    const text = distinct(random, words, whole(random, 1, 8)).join(' ');
    return { prompt: `Repeat exactly: ${text}`, check: { type: 'exact', answers: [text] } };
  },
  addition: (random) => {
    const most = pick(random, [9, 30, 99, 400]);
    const [one, other] = [whole(random, 1, most), whole(random, 1, most)];
    return number(`What is ${one} + ${other}?`, one + other);
  },
  comparison: (random) => {
    const most = pick(random, [20, 200, 5000]);
    const one = whole(random, 1, most);
    const other = one + pick(random, [-1, 1]) * whole(random, 1, Math.max(1, Math.floor(most / 2)));
    return number(`Which number is larger, ${one} or ${other}?`, Math.max(one, other));
  },
  capital: (random) => {
    const [country, capital] = pick(random, capitals);
    return {
      prompt: `What is the capital of ${country}? Answer with one word.`,
      check: { type: 'mentions', all: [[capital]], mostWords: 12 },
    };
  },
  'capital of four': (random) => {
    const [right, ...others] = distinct(random, capitals, 4) as [
      readonly [string, string],
      ...(readonly [string, string])[],
    ];
    const options = distinct(random, [right, ...others], 4).map(([, capital]) => capital);
    return choice(`Which of these is the capital of ${right[0]}: ${options.join(', ')}?`, options, right[1]);
  },
  opposite: (random) => {
    const [one = '', other = ''] = pick(random, opposites);
    return {
      prompt: `What is the opposite of "${one}"? Answer with one word.`,
      check: { type: 'mentions', all: [[other]], mostWords: 12 },
    };
  },
  extraction: (random) => {
    const count = whole(random, 1, 4);
    const people = distinct(random, names, count);
    const places = distinct(random, cities, count);
    const asked = whole(random, 0, count - 1);
    const text = people.map((name, index) => `${name} lives in ${places[index] ?? ''}.`).join(' ');
    return {
      prompt: `${text} Where does ${people[asked] ?? ''} live? Answer with one word.`,
      check: { type: 'choice', options: cities, answer: places[asked] ?? '' },
    };
  },
  units: (random) => {
    const [many, factor, one] = pick(random, units);
    const count = whole(random, 2, 9);
    return number(`How many ${many} are in ${count} ${one}?`, count * factor);
  },
  'next number': (random) => {
    const step = whole(random, 1, 9);
    const first = whole(random, 1, 20);
    const shown = Array.from({ length: 5 }, (_, index) => first + index * step);
    return number(`What is the next number: ${shown.join(', ')}?`, first + 5 * step);
  },
  'first letter': (random) => {
    const word = pick(random, words);
    const place = pick(random, ['first', 'last'] as const);
    const letter = (place === 'first' ? word[0] : word.at(-1)) ?? '';
    return {
      prompt: `What is the ${place} letter of the word "${word}"? Answer with the letter only.`,
      check: { type: 'exact', answers: [letter] },
    };
  },
};

/** As many of each kind, in turn; no prompt twice. Pure: the same for the same seed. */
export function checkablePrompts(count: number, random: Random): readonly CheckablePrompt[] {
  const prompts = new Map<string, CheckablePrompt>();
  const makers = Object.entries(kinds);
  for (let turn = 0; prompts.size < count && turn < count * 50; turn++) {
    const [kind, make] = makers[prompts.size % makers.length] as [string, Make];
    const made = { kind, ...make(random) };
    if (!prompts.has(made.prompt)) prompts.set(made.prompt, made);
    // Some kinds have fewer than are asked for.
    else if (turn % 20 === 19) makers.push(makers.shift() as [string, Make]);
  }
  return [...prompts.values()];
}

/** [problem, the calculation that gives its answer]; a test carries out each calculation. */
export const problems: readonly (readonly [problem: string, calculation: string, answer: number])[] = [
  [
    'Mia has 14 stickers. She gives 5 to Leo and buys 8 more. How many stickers does she have?',
    '14 - 5 + 8',
    17,
  ],
  ['A bus has 32 seats. 27 people are sitting. How many seats are free?', '32 - 27', 5],
  ['A box holds 6 eggs. How many eggs are in 7 boxes?', '6 * 7', 42],
  [
    'Three friends share 24 cards equally and each then loses 2. How many cards does each have?',
    '24 / 3 - 2',
    6,
  ],
  ['A train leaves at 9:00 and travels 180 km at 60 km/h. How many hours does it travel?', '180 / 60', 3],
  [
    'Pens cost 2 euros and notebooks 5 euros. How much do 3 pens and 2 notebooks cost in euros?',
    '3 * 2 + 2 * 5',
    16,
  ],
  [
    'Sam reads 12 pages a day. His book has 150 pages and he has read 4 days. How many pages are left?',
    '150 - 4 * 12',
    102,
  ],
  ['A shirt costs 40 euros and is 25% off. What is the new price in euros?', '40 * 0.75', 30],
  ['There are 5 rows of 9 chairs, and 7 chairs are taken away. How many are left?', '5 * 9 - 7', 38],
  ['Ella is 4 years older than Max. Max is 9. How old will Ella be in 3 years?', '9 + 4 + 3', 16],
  ['A rectangle is 8 cm long and 5 cm wide. What is its perimeter in cm?', '2 * (8 + 5)', 26],
  ['Half of the 36 pupils walk to school, and a third of the rest cycle. How many cycle?', '36 / 2 / 3', 6],
  ['A pump fills 15 litres a minute. How many minutes does it take to fill 240 litres?', '240 / 15', 16],
  ['Nora saves 7 euros a week. After how many weeks can she buy a game for 56 euros?', '56 / 7', 8],
  [
    'A farmer has 18 hens. Each lays 5 eggs a week. How many eggs are there after 2 weeks?',
    '18 * 5 * 2',
    180,
  ],
  ['Two numbers add up to 30, and one is twice the other. What is the larger one?', '30 / 3 * 2', 20],
  ['What is the sum of all whole numbers from 1 to 10?', '10 * 11 / 2', 55],
  ['If 4 identical books weigh 6 kg, how many kg do 10 of them weigh?', '6 / 4 * 10', 15],
  ['A clock loses 3 minutes every hour. How many minutes does it lose in one day?', '3 * 24', 72],
  [
    'In a class of 28, 16 play football, 12 play chess and 6 play both. How many play neither?',
    '28 - (16 + 12 - 6)',
    6,
  ],
  ['Solve for x: 3x + 7 = 25.', '(25 - 7) / 3', 6],
  [
    'A tank with 100 litres loses 4 litres a day and gains 1 litre a day. How many litres are in it after 10 days?',
    '100 - 10 * 3',
    70,
  ],
  ['How many handshakes are there when 6 people all shake hands with each other once?', '6 * 5 / 2', 15],
  ['A car uses 6 litres for 100 km. How many litres does it use for 350 km?', '6 * 3.5', 21],
  ['The next number in 3, 6, 12, 24 is?', '24 * 2', 48],
  [
    'Ben buys 3 cakes for 4 euros each and pays with a 20 euro note. How many euros does he get back?',
    '20 - 3 * 4',
    8,
  ],
  [
    'Five workers build a wall in 12 days. How many days do 10 workers need at the same pace?',
    '5 * 12 / 10',
    6,
  ],
  ['A rope of 45 m is cut into pieces of 6 m. How many metres are left over?', '45 % 6', 3],
];

/** [puzzle, options, right option]. */
export const puzzles: readonly (readonly [string, readonly string[], string])[] = [
  ['Anna is taller than Ben. Ben is taller than Cleo. Who is the shortest?', ['Anna', 'Ben', 'Cleo'], 'Cleo'],
  [
    'All roses are flowers. Some flowers fade quickly. Does it follow that some roses fade quickly?',
    ['yes', 'no'],
    'no',
  ],
  ['If it rains, the match is off. The match is on. Did it rain?', ['yes', 'no'], 'no'],
  ['Today is Wednesday. Which day is it in 10 days?', ['Friday', 'Saturday', 'Sunday', 'Monday'], 'Saturday'],
  [
    'The red box is left of the blue box. The green box is right of the blue box. Which box is in the middle?',
    ['red', 'blue', 'green'],
    'blue',
  ],
  ['No fish can walk. Nemo is a fish. Can Nemo walk?', ['yes', 'no'], 'no'],
  ['Tim finished before Uma. Uma finished before Vic. Who was first?', ['Tim', 'Uma', 'Vic'], 'Tim'],
  ['Every key opens a door. This thing opens no door. Can it be a key?', ['yes', 'no'], 'no'],
  ['Which weighs more: a kilogram of feathers or two kilograms of iron?', ['feathers', 'iron'], 'iron'],
  [
    'Ada faces north and turns right twice. Which way does she face?',
    ['north', 'east', 'south', 'west'],
    'south',
  ],
  [
    'Of three siblings Lea is not the oldest, and Jan is the youngest. The third is Kim. Who is the oldest?',
    ['Lea', 'Jan', 'Kim'],
    'Kim',
  ],
  ['If all bloops are razzies and all razzies are lazzies, are all bloops lazzies?', ['yes', 'no'], 'yes'],
];

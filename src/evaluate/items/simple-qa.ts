/** [question, lists of which the answer names one each]: plain facts. */
export const factItems: readonly (readonly [question: string, ...all: readonly (readonly string[])[]])[] = [
  ['What is the capital of France?', ['Paris']],
  ['Which planet is closest to the Sun?', ['Mercury']],
  ['How many days does a leap year have?', ['366']],
  ['What is the chemical symbol for gold?', ['Au']],
  ['Which ocean lies between Europe and North America?', ['Atlantic']],
  ['Who wrote "Romeo and Juliet"?', ['Shakespeare']],
  ['What do bees make?', ['honey']],
  ['What is the largest mammal?', ['blue whale']],
  ['In which country is the city of Kyoto?', ['Japan']],
  ['What is the freezing point of water in degrees Celsius?', ['0', 'zero']],
  ['Which gas do plants take from the air for photosynthesis?', ['carbon dioxide', 'CO2', 'CO₂']],
  ['How many legs does a spider have?', ['8', 'eight']],
  ['Who painted the Mona Lisa?', ['Leonardo', 'da Vinci']],
  ['What is the currency of the United Kingdom?', ['pound', 'pounds', 'sterling', 'GBP']],
  ['Which metal is liquid at room temperature?', ['mercury']],
  ['On which continent is Egypt?', ['Africa']],
  ['What is the opposite of "ancient"?', ['modern', 'new', 'recent', 'contemporary', 'young']],
  ['Which animal is known as the king of the jungle?', ['lion']],
  ['How many minutes are in two hours?', ['120', 'one hundred and twenty', 'one hundred twenty']],
  ['What is the tallest mountain on Earth above sea level?', ['Everest']],
  ['What is H2O commonly called?', ['water']],
  ['In which year did the Second World War end?', ['1945']],
  ['Which organ pumps blood through the body?', ['heart']],
  ['What is the longest bone in the human body?', ['femur', 'thigh bone', 'thighbone']],
];

/** [text, question, lists of which the answer names one each]: what a text says. */
export const readingItems: readonly (readonly [
  text: string,
  question: string,
  ...all: readonly (readonly string[])[],
])[] = [
  [
    'The ferry to Hydra was cancelled because of strong wind. Passengers took the bus to Ermioni.',
    'Why was the ferry cancelled?',
    ['wind'],
  ],
  [
    'Mara painted the gate green and the shed white. The bench she left as it was, blue.',
    'What colour is the bench?',
    ['blue'],
  ],
  [
    'The lease begins on 1 March and the deposit of 900 euros is due on 15 February.',
    'How many euros is the deposit?',
    ['900'],
  ],
  [
    'The council met on Thursday and voted 7 to 4 to keep the library open.',
    'How many voted to keep the library open?',
    ['7', 'seven'],
  ],
  ['Tom is older than Kai, and Kai is eleven.', 'How old is Kai?', ['11', 'eleven']],
  [
    'The museum is closed on Mondays. On other days it opens at ten.',
    'On which day is the museum closed?',
    ['Monday', 'Mondays'],
  ],
  [
    'Our first shop was in Graz; in 2012 we moved to Linz, where we still are.',
    'In which city is the shop now?',
    ['Linz'],
  ],
  [
    'Call Nina at 555-0142 for tickets, or Omar at 555-0177 for the press.',
    'Which number is for the press?',
    ['555-0177'],
  ],
];

/** [text, words that its summary must name, one of each list]: in one sentence of at most 30 words. */
export const summaryItems: readonly (readonly [text: string, ...all: readonly (readonly string[])[]])[] = [
  [
    'The city will replace all 120 diesel buses with electric ones by 2030. Two depots must be rebuilt for charging. The opposition says that the plan costs too much.',
    ['electric'],
    ['bus', 'buses'],
  ],
  [
    'Researchers tagged forty eels to learn how they reach the Sargasso Sea. Only a third took the route that books describe. The rest swam further south.',
    ['eel', 'eels'],
  ],
  [
    'The bakery on Mill Street closes after ninety years. The owner is retiring and found nobody to take over. Neighbours have started a petition.',
    ['bakery'],
    ['close', 'closes', 'closing', 'closed', 'closure'],
  ],
  [
    'Heavy rain flooded the valley road on Sunday. The school bus could not pass, so lessons were cancelled on Monday. Crews hope to open the road by Wednesday.',
    ['rain', 'flood', 'flooded', 'flooding', 'floods'],
    ['road', 'school', 'lessons'],
  ],
  [
    'The startup makes lamps from mushrooms. They grow in moulds for a week and are then dried. A lamp costs forty euros and can be composted.',
    ['lamp', 'lamps'],
    ['mushroom', 'mushrooms'],
  ],
  [
    'After a long strike, nurses and hospitals agreed on a pay rise of six percent. The rise begins in May. Both sides called it a fair result.',
    ['nurse', 'nurses'],
    ['pay', 'rise', 'raise', 'six', '6'],
  ],
  [
    'The old lighthouse was automated in 1988. Since then it stood empty. Now it will become a small hotel with five rooms.',
    ['lighthouse'],
    ['hotel'],
  ],
  [
    'Volunteers counted birds in the park for one morning. They saw fewer sparrows than last year but twice as many swifts. The count is repeated every May.',
    ['bird', 'birds', 'sparrows', 'swifts'],
  ],
];

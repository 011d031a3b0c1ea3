/**
 * What kind of answer a question wants. `thing` is all that what, which, who and how to ask for: they are put for each other too
 * freely to be kept apart; so are the measures, whose words count like all others. Null: a list of key words, that does not say.
 */
export type Asked = 'thing' | 'yes-or-no' | 'time' | 'place' | 'reason' | 'measure';

const unit = '(?:second|minute|hour|day|week|month|year)s?';
const subject = '(?:can|could|may|must|should|shall|will|would|do|does|did|is|are|was|were|am|has|have|had)';

/** Asking politely is no question of its own. */
const polite = [
  /\b(?:can|could|would|will) (?:you|someone|anyone|anybody|somebody) (?:please )?(?:tell|explain|describe|show|give|suggest|recommend|name|help|say|list)(?: to)?(?: me| us)?\b/g,
  /\b(?:do you know|does (?:anyone|anybody|someone|somebody) know|may i ask|i wonder|i am wondering|i'm wondering)\b/g,
];

/** Measures first: they hold the words of the others. */
const kinds: readonly (readonly [Asked, RegExp])[] = [
  [
    'measure',
    new RegExp(
      ` (?:how long|how much time|how soon|how many ${unit}|duration|length of time|how far (?:ahead|in advance)) `,
    ),
  ],
  ['measure', / (?:how often|how frequently|how many times) /],
  ['measure', / (?:how many|number of|count of|what number) /],
  ['measure', / (?:how much|what amount|what quantity|amount of|quantity of) /],
  ['measure', / (?:how old|what age|which age|at the age|age of) /],
  ['measure', / (?:how far|distance) /],
  [
    'measure',
    / (?:how (?:tall|high|wide|broad|deep|heavy|big|large|fast|hot|cold|warm)|height|width|depth|weight|elevation) /,
  ],
  ['reason', / (?:why|how come|reasons?|causes?|caused|what makes) | what .* for \? $/],
  [
    'time',
    new RegExp(
      ` (?:what|which|in which|in what|at what|starting|start|end|the|best|right) (?:${unit}|time|date|century|decade|season) |^ (?:year|date|time) | (?:tell me when|when (?:is|are|was|were|did|does|do|should|can|may|must|will|would|to)) `,
    ),
  ],
  [
    'place',
    / (?:where (?:is|are|was|were|did|does|can i find)|location|in (?:which|what) (?:city|country|state|place)|what (?:city|country|state) is) /,
  ],
  [
    'yes-or-no',
    new RegExp(
      `^ ${subject} |[.?!:,;] ${subject} | (?:whether|tell me if|know if|see if|find out if|allowed|is it (?:ok|okay|possible|legal|safe|true)|yes or no) `,
    ),
  ],
  [
    'thing',
    / (?:what|which|who|whom|whose|how|name|tell|explain|describe|list|give|show|steps?|way|method) /,
  ],
];

/** Pure. @param text of a question, as written */
export function askedIn(text: string): Asked | null {
  let plain = ` ${text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u2018\u2019]/g, "'")} `;
  for (const pattern of polite) plain = plain.replaceAll(pattern, 'tell me');
  plain = plain
    .replaceAll(/\bis there (?:a|any|some) (?:way|method|trick)\b/g, 'how')
    .replaceAll(/([.?!:,;]+)/g, ' $1 ')
    .replaceAll(/ please /g, ' ')
    .replaceAll(/\s+/g, ' ');
  return kinds.find(([, pattern]) => pattern.test(plain))?.[0] ?? null;
}

/** Pure: whether two such questions may be one. Key words may stand for a thing or for a yes or no. */
export function mayBeOne(one: Asked | null, other: Asked | null): boolean {
  if (one === other) return true;
  const [known, rest] = one === null ? [other, one] : [one, other];
  return rest === null && (known === 'thing' || known === 'yes-or-no');
}

import { describe, expect, it } from 'vitest';
import { detectors } from '../scan-text.ts';

/** Classes of what is pasted with a task, one list each: made up for this, and beside each what looks alike and is nobody's. */

const codesIn = (text: string): readonly string[] =>
  detectors.flatMap((one) => one.find(text).map(({ detector }) => detector));

const classes: readonly (readonly [
  detector: string,
  found: readonly string[],
  harmless: readonly string[],
])[] = [
  [
    'handed.letter',
    ['Draft a written warning, she left the till open', 'Rewrite this complaint about Dr. Vance'],
    ['Draft a template for a warning letter', 'How long is a grievance kept on file?'],
  ],
  [
    'handed.reply',
    ['Answer this mail from Jorun, politely', 'reply to the ticket from our Halle'],
    ['Answer this riddle from a book.', 'Reply to the letter of the law?'],
  ],
  [
    'handed.pay_list',
    ['sort: Ana Lis 52k, Bo Ek 48k', 'Ruth 61,500 and Sven 58,200'],
    ['Ana has 52 apples, Bo has 48', 'Rome 476, Athens 338'],
  ],
  [
    'handed.figures',
    ['ARR 1.2m, burn 90k', 'explain the April actuals'],
    ['What do ARR and burn mean?', 'He had revenue of $20 and a profit of $5.'],
  ],
  [
    'handed.gap',
    ['4% below plan', 'the covenant on the loan', 'we are at 3.2m'],
    ['2% of the people', 'A covenant is a promise.'],
  ],
  [
    'handed.record',
    [
      'Tenant: B. Ode\nRent: late',
      'name;grade\nUla;3',
      'interview notes with Ida',
      'Reason for absence: flu',
    ],
    ['The employee: a definition', 'How do I take interview notes?'],
  ],
  [
    'handed.described',
    ['Patient is 71, on metoprolol', '4 yo girl with a rash', 'a second grader with a stutter'],
    ['The patient is a 45-year-old man.', 'Kofi was born in Kumasi.'],
  ],
  [
    'handed.here',
    ["here's our supplier list", 'These are the internal figures'],
    ['Here is a list of rivers', 'These are the figures of speech.'],
  ],
  [
    'handed.talking',
    ['Memo for when the strike starts', "the CEO's itinerary", 'keep it within this group'],
    ['What is a memo?', 'the CEO of Apple'],
  ],
  ['handed.agenda', ['Agenda\n2. Layoffs in Graz', 'CFO succession'], ['1. Apples', 'The layoffs of 1930']],
  [
    'handed.number',
    ['last four: 4417', 'expires 03/28', 'booking ref K7PL2M', 'my pin is my birthday'],
    ['the fiscal year ending 2019', 'reference points', 'The treaty expires in 2030.'],
  ],
  [
    'handed.env',
    ['SMTP_PASS=heron', 'the password is set to Robin!4', 'curl https://a.b/c -u ann:pelican'],
    ['SMTP_PASS=$SECRET', 'the password is set to expire', 'curl -O https://a.b/c'],
  ],
  [
    'handed.of_named',
    ["Tilda's severance is too low", 'the emails of Ms Roe'],
    ["A firm's severance is a cost.", 'The emails of the class'],
  ],
  [
    'act.did',
    ['We fired the cook', "we've picked Altor as the buyer", 'we ship them through Batumi'],
    ['They fired the cannon.', 'We picked apples.', 'We lost the game.'],
  ],
  [
    'act.intends',
    ['We plan to leave the Czech market', 'buying Orlan’s steel unit', 'the closure of the Riga plant'],
    ['We plan to leave the hotel', 'Buying a house', 'The closure of a set'],
  ],
  [
    'act.decided',
    ['the board approved selling it', 'the deal is off', 'nobody may talk about it'],
    ['A board has members.', 'The light is off.'],
  ],
  [
    'act.asked_of_us',
    ['must we disclose this?', 'I got a letter from the tax office', 'The regulator searched our files'],
    ['Must firms disclose this?', 'The court asked for more time.'],
  ],
  [
    'act.law',
    ['section 4.2 of our lease', 'I shredded the invoices', 'before the raid came'],
    ['Section 4.2 of the act', 'He shredded the cabbage.'],
  ],
  [
    'act.customer',
    ['The Ulven account wants a credit', 'why Ostra left us', 'our tender for the Bergen tunnel'],
    ['The savings account is safe.', 'Why did Rome fall?', 'A tender for a bridge'],
  ],
  [
    'act.inside',
    ['The intruder is still in our network', 'cameras are down until Monday', 'incident 3107: mail'],
    ['An intruder is a person who enters.', 'The cameras of the moon landing'],
  ],
  ['act.network', ['VPN 10.8.0.0/16', '192.168.7.0/24'], ['8.8.8.0/24', 'version 10.8.0.1']],
  [
    'act.making',
    ['the project title is Heron', 'the wiring of the new cabin', 'from our billing repo'],
    ['The title is Emma.', 'The wiring of a house'],
  ],
  [
    'act.state',
    ['The ambassador leaves by the side gate', 'my source inside the ministry', 'The minister wants a list'],
    ['What does an ambassador do?', 'The source of the river'],
  ],
  [
    'act.own_affairs',
    ['I slept with her', 'my oncologist says no', 'my ex stalks me', 'before my boss finds out'],
    ['He slept well.', 'An oncologist says what cells do.'],
  ],
  [
    'act.own_people',
    ['our cook has no papers', 'the tenant in 2C owes rent', 'the police searched my car'],
    ['The tenant in possession is bound.', 'The police searched the forest.'],
  ],
  [
    'act.away',
    ["we're two weeks away from home", 'the dog sitter has our key', 'Sat to Tue we are in Oslo'],
    ['Far away from home', 'A dog sitter has a job.'],
  ],
];

describe('what is pasted with a task', () => {
  it.each(classes)('%s', (detector, found, harmless) => {
    for (const text of found) expect(codesIn(text), text).toContain(detector);
    for (const text of harmless) expect(codesIn(text), text).not.toContain(detector);
  });
});

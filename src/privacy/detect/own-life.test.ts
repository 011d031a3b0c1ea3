import { describe, expect, it } from 'vitest';
import { ownLife } from './own-life.ts';

const cases: readonly (readonly [detector: string, told: readonly string[], harmless: readonly string[]])[] =
  [
    [
      'life.work',
      ["I work as a nurse at St. Mary's", "I'm interviewing at Globex on Thursday"],
      ['I work as a nurse.', 'She is interviewing at noon.'],
    ],
    [
      'life.leaving',
      ['I am planning to leave my husband', 'I am about to quit my job', 'We are trying for a baby'],
      ['I am planning to leave at noon', 'He quit his job'],
    ],
    [
      'life.of_others',
      ['My boss Karen takes bribes', 'my neighbor is growing weed', 'my client admitted that he did it'],
      ['my neighbor is growing tomatoes', 'my sister is selling cookies', 'my son admitted defeat'],
    ],
    [
      'life.home',
      [
        'The spare key is under the flower pot',
        'our house will be empty in July',
        'My kids are home alone after school',
        'I leave for work at 7',
      ],
      ['The spare key opens the door', 'The house will be empty', 'I leave the oven on'],
    ],
    [
      'life.money',
      [
        'I bank with Chase',
        'I make 95k as a developer',
        "I didn't report my crypto gains",
        "I'm being audited by the IRS",
      ],
      ['I make 12 cakes', 'banks bank with banks'],
    ],
    [
      'life.mind',
      ["I've been feeling suicidal", 'I smoke weed every day'],
      ['I smoke salmon', 'I cut bread'],
    ],
    [
      'life.status',
      ['my visa expires on June 30', 'we will settle if they go above that', 'my unit deploys in March'],
      ['A visa expires after a year.', 'my unit test fails'],
    ],
    ['life.account', ['I have a secret OnlyFans account'], ['I have an account']],
    [
      'life.house_doors',
      [
        'our firewall rules allow port 22 from anywhere',
        'our API returns all users without login',
        'the production password is in the wiki',
      ],
      ['Our API returns 404 when the user is not logged in.', 'the password is in the form'],
    ],
    [
      'life.house_trade',
      [
        'our quarterly numbers look bad',
        "we're going to miss payroll",
        'our biggest customer is leaving',
        'our supplier in Shenzhen is Kaito',
        'we plan to open a store in spring',
      ],
      ['our numbers are integers', 'We plan to open the file'],
    ],
    ['life.work_of_own', ['my novel manuscript is attached, not published yet'], ['my novel is long']],
  ];

describe.each(cases)('%s', (detector, told, harmless) => {
  it.each(told)('is told in %j', (text) => {
    expect(ownLife.find(text).map((span) => span.detector)).toContain(detector);
  });

  it.each(harmless)('is not told in %j', (text) => {
    expect(ownLife.find(text)).toEqual([]);
  });
});

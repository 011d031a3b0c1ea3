import { describe, expect, it } from 'vitest';
import { createOwnTerms } from './own-terms.ts';
import type { Detector } from './span.ts';
import { detectors } from '../scan-text.ts';

const named = (name: string): Detector => {
  const found = detectors.find((detector) => detector.name === name);
  if (found === undefined) throw new Error(`no detector ${name}`);
  return found;
};

/** Detector, texts with what it must find in them, texts in which it must find nothing. */
const cases: readonly (readonly [string, readonly (readonly [string, string])[], readonly string[]])[] = [
  [
    'payment_card',
    [
      ['Pay with 4111 1111 1111 1111, please', '4111 1111 1111 1111'],
      ['amex 3782-822463-10005', '3782-822463-10005'],
      ['card no 5018 6466 7909 was declined', '5018 6466 7909'],
    ],
    ['4111 1111 1111 1112', 'The sum is 4111111111111112.', '0000 0000 0000 0000', '$4,111,111,111,111,111'],
  ],
  [
    'iban',
    [
      ['to DE89 3704 0044 0532 0130 00 by Friday', 'DE89 3704 0044 0532 0130 00'],
      ['gb82west12345698765432', 'gb82west12345698765432'],
      ['NO93 8601 1117 947.', 'NO93 8601 1117 947'],
    ],
    ['DE89 3704 0044 0532 0130 01', 'XX89 3704 0044 0532 0130 00', 'DE89 3704'],
  ],
  [
    'national_id',
    [
      ['SSN 123-45-6789', '123-45-6789'],
      ['my NINO is AB 12 34 56 C', 'AB 12 34 56 C'],
      ['Steuer-ID 86 095 742 719', '86 095 742 719'],
      ['NIR 2 84 05 13 055 001 70', ''],
      ['DNI 12345678Z', '12345678Z'],
      ['codice RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
      ['CPF 529.982.247-25', '529.982.247-25'],
      ['Aadhaar 2345 6789 0124', '2345 6789 0124'],
      ['HETU 131052-308T', '131052-308T'],
      ['NRIC S1234567D', 'S1234567D'],
      ['身份证 11010519491231002X', '11010519491231002X'],
      ['AHV 756.9217.0769.85', '756.9217.0769.85'],
      ['personnummer 811228-9874', '811228-9874'],
    ],
    ['000-12-3456', '666-12-3456', 'DNI 12345678A', 'CPF 529.982.247-26', '131052-308A', 'S1234567A'],
  ],
  [
    'phone',
    [
      ['call +44 20 7946 0958 now', '+44 20 7946 0958'],
      ['(415) 555-2671', '(415) 555-2671'],
      ['030 901820', ''],
      ['my mobile: 0171 2345678', '0171 2345678'],
      ["They're not answering at 78 651 450", '78 651 450'],
    ],
    ['in 1984-12-31', 'pages 100-200', 'It took 3600 seconds', 'order 415 555 267', 'pi is 3.14159265'],
  ],
  [
    'email',
    [
      ['Write to jane.doe+x@example.co.uk.', 'jane.doe+x@example.co.uk'],
      ['jane at example dot com', 'jane at example dot com'],
    ],
    ['@example', 'a @ b', 'meet at noon'],
  ],
  [
    'ip_address',
    [
      ['from 172.61.42.192:80', '172.61.42.192'],
      ['2001:db8::8a2e:370:7334', '2001:db8::8a2e:370:7334'],
    ],
    ['version 1.2.3.4', '999.1.1.1', '127.0.0.1', 'at 12:30:45', 'std::vector::size'],
  ],
  ['mac_address', [['00:1A:2b:3C:4d:5E', '00:1A:2b:3C:4d:5E']], ['00:1A:2b', '12:30:45']],
  [
    'crypto_wallet',
    [
      ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'],
      ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
      ['0x52908400098527886E0F7030069857D2E4169EE7', '0x52908400098527886E0F7030069857D2E4169EE7'],
    ],
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', '0xdeadbeef'],
  ],
  [
    'secret',
    [
      ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
      ['password: hunter2!X', 'hunter2!X'],
      ['export API_KEY="a8Fk29sLm2"', 'a8Fk29sLm2'],
      ['postgres://me:s3cret@db.example.com/x', 'postgres://me:s3cret@db.example.com'],
      ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END'],
      ['k7Jd93hFq0ZxP2mVb8RtLw5NyGs1CeUa4o', 'k7Jd93hFq0ZxP2mVb8RtLw5NyGs1CeUa4o'],
    ],
    [
      'the password is required',
      'api_key: ${API_KEY}',
      'a token is a word',
      'https://example.com/a/b',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'thisIsAVeryLongCamelCaseIdentifierName2',
    ],
  ],
  [
    'labelled',
    [
      ['passport number XG9382049', 'XG9382049'],
      ['Employee ID: 56789-TRIBAL', '56789-TRIBAL'],
      ['routing number 021000021', '021000021'],
    ],
    ['his passport was lost in 19', 'the account number is secret'],
  ],
  [
    'birth_date',
    [
      ['DOB 04/05/1990', 'DOB 04/05/1990'],
      ['born on 3 May 1971', 'born on 3 May 1971'],
    ],
    ['on 04/05/1990', 'He is 12 years old'],
  ],
  [
    'street_address',
    [
      ['I am at 221 Baker Street.', '221 Baker Street.'],
      ['Lange Straße 12', ''],
      ['Hauptstraße 5', 'Hauptstraße 5'],
      ['12 rue Victor Hugo', '12 rue Victor Hugo'],
      ['P.O. Box 1234', 'P.O. Box 1234'],
    ],
    ['5 apples', 'room 12', 'in 1990 Main events', 'Section 12 Way'],
  ],
  [
    'person',
    [
      ['My name is Nanaho Nishiyama', 'Nanaho Nishiyama'],
      ['Please call Mrs. Beata Kowalska back', 'Mrs. Beata Kowalska'],
      ['please ask my colleague Lukas Schneider', 'Lukas Schneider'],
      // Who an address names is not left standing beside it, whatever else the words mean and whoever else has the name.
      ['Write Jane Miller (jane.miller@example.com) about it.', 'Jane Miller'],
      ['Ask sbrown2@example.com whether Sam Brown comes.', 'Sam Brown'],
    ],
    [
      'Natalia sold clips to 48 of her friends in April.',
      'What did Jean-Jacques Rousseau think of the social contract in the 18th century?',
      'The White House is in Washington.',
      'Our Sales Team (sales.team@example.com) and Customer Support (customersupport@example.com)',
    ],
  ],
  [
    'context',
    [
      ['my medical records', 'my medical records'],
      ['I was diagnosed with cancer', 'I was diagnosed with cancer'],
    ],
    ['A patient has a high blood pressure.', 'What is a mortgage?'],
  ],
  ['disclosure', [['My zip code is 35649', 'My zip code is 35649']], ['Zip codes have five digits']],
  [
    'credential',
    [
      ['the wifi password is sunflower', ''],
      ['My Netflix password is cats', 'cats'],
      ['our staging login password: Berlin-2020', ''],
      ['DB_PASSWORD=supersecret', 'supersecret'],
      ['token = "abcd1234efgh5678"', ''],
      ['log in as root with password toor99', ''],
      ['The login credentials are admin:admin123', ''],
      ['username: jdoe, password: letmein', ''],
      ['the gate code is 48213', '48213'],
      ['OTP 123456', '123456'],
      ['Security answer: fluffy', 'fluffy'],
      ['Server=db1;Database=x;User Id=sa;Password=Passw0rd;', 'Passw0rd'],
      ['mysql -u root -pS3cret! shop', ''],
      ['Our Stripe key is sk_live_abc123', ''],
      [
        'my seed phrase is apple banana cherry dragon elephant forest grape house island jacket kite lemon',
        '',
      ],
    ],
    [
      'How do I reset my password?',
      'The password is not stored in plain text.',
      'Is this password secure, or is it too short?',
      'A strong password is one that nobody guesses.',
      'The token is sent to the server.',
      'password = os.environ["PASSWORD"]',
      'Write a function that checks whether a PIN has four digits.',
      'The zip code is used for sorting.',
      'curl -o file https://example.com/file',
    ],
  ],
  [
    'house',
    [
      ['Our Q3 revenue was $4.2 million', 'Our Q3 revenue was $4.2 million'],
      ['Revenue for Q4 will be 12% below guidance', 'Revenue for Q4 will be 12%'],
      ['We are secretly planning to acquire Initech', ''],
      ['my company is going to lay off 200 people', 'my company is going to lay off'],
      ['Jane Doe\u2019s base salary is $120,000', ''],
      ['our client Globex wants a refund', 'our client Globex'],
      ['Project Falcon launches in spring', 'Project Falcon'],
      ['the code name is Bluebird', ''],
      ['our unreleased tablet', 'our unreleased tablet'],
      ['Please review our customer list', 'our customer list'],
      ['one of our employees complained about harassment', ''],
      ['internal memo: the office moves', ''],
      ['We paid them $40,000 last week', 'We paid them $40,000'],
      ['Wire $50,000 to account 12', ''],
    ],
    [
      'What is a merger?',
      'Project Gutenberg has free books.',
      'How does project management work?',
      'A company earned $5 million in 2019. What is its margin?',
      'The revenue of a shop is 200 dollars a day.',
      'We assume that x is 5%.',
      'Our solar system has eight planets.',
      'How many clients can our server take?',
    ],
  ],
  [
    'marking',
    [
      ['CONFIDENTIAL: read this', ''],
      ['[Internal only] The plan', ''],
      ['please do not share this with anyone', 'please do not share this'],
      ['keep this between us', 'keep this between us'],
      ['It has not been announced yet', ''],
      ['This document contains confidential information', 'This document contains confidential'],
      ['we signed an NDA', ''],
    ],
    [
      'What does confidential mean?',
      'The internal angles of a triangle',
      'Do not share a razor with others.',
      'They share the cake between them.',
      'Is a trade secret protected by patent law?',
    ],
  ],
  [
    'system',
    [
      ['ssh srv-db01.corp.local', 'srv-db01.corp.local'],
      ['see https://jira.example.com/browse/OPS-1', 'https://jira.example.com/browse/OPS-1'],
      ['s3://payroll-backup/2024/', 's3://payroll-backup/2024/'],
      ['arn:aws:iam::123456789012:role/admin', 'arn:aws:iam::123456789012:role/admin'],
      ['EMP-48213 was late', 'EMP-48213'],
      ['in 3:21-cv-04567', '3:21-cv-04567'],
      ['the card ending in 4321', 'card ending in 4321'],
      ['\\\\fileserver\\Payroll', '\\\\fileserver\\Payroll'],
    ],
    [
      'example.com',
      'ISO-9001',
      'RFC-2119 and UTF-8',
      'a story ending in 1999',
      'x.local_variable',
      'at 3:21 pm',
    ],
  ],
  [
    'intimate',
    [
      ['my brother has bipolar disorder', 'my brother has bipolar'],
      ['I tested positive for HIV', 'I tested positive for HIV'],
      ['I take 20 mg every day', ''],
      ['I am on sertraline', ''],
      ['my blood pressure is 150/95', ''],
      ['I am going through a divorce', 'I am going through a divorce'],
      ["I'm gay and not out at work", "I'm gay"],
      ["my mother's maiden name is Hart", "my mother's maiden name is Hart"],
    ],
    [
      'A patient has cancer. Which drug is given?',
      'Diabetes is a disease.',
      'What is a restraining order?',
      'She takes the bus to school.',
    ],
  ],
  [
    'portrait',
    [
      ['I work at Globex', 'I work at Globex'],
      ['my daughter goes to Lincoln Elementary', 'my daughter goes to Lincoln Elementary'],
      ['my wife is named Clara', ''],
      ['I am recently divorced', 'I am recently divorced'],
      ['my nationality is Dutch', ''],
      ['I voted for the Greens', 'I voted for the Greens'],
      ['I weigh 82 kg', 'I weigh 82 kg'],
      ["I'm a 34 year old woman", ''],
      ['my locker number is 4471', ''],
      ['I am flying to Oslo on Friday', ''],
    ],
    [
      'I want to learn Rust.',
      'My code is slow.',
      'I am using Python 3.12.',
      'We travel to the moon in this story.',
      'my function is 12 lines long',
      'I am looking for a good recipe.',
    ],
  ],
  [
    'place_and_thing',
    [
      ['SWIFT code DEUTDEFF', ''],
      ['account number 1234567890', ''],
      ['My twitter handle is @johndoe', ''],
      ['at 52.520008, 13.404954', '52.520008, 13.404954'],
      ['VIN 1M8GDM9AXKP042788', '1M8GDM9AXKP042788'],
    ],
    ['(1.5, 2.25)', '1M8GDM9A1KP042788'],
  ],
];

describe.each(cases)('%s', (name, positives, negatives) => {
  it.each(positives)('finds in %j', (text, wanted) => {
    const spans = named(name).find(text);
    expect(spans.length).toBeGreaterThan(0);
    if (wanted !== '') expect(spans.map(({ start, end }) => text.slice(start, end))).toContain(wanted);
  });

  it.each(negatives)('finds nothing in %j', (text) => {
    expect(named(name).find(text)).toEqual([]);
  });
});

describe('the owner’s terms', () => {
  it('are found as whole words in any case, and by pattern', () => {
    const terms = createOwnTerms([{ name: 'project', words: ['Blue  Heron'], patterns: ['PRJ-\\d+'] }]);
    const text = 'About blue heron and prj-17, not blue herons.';
    expect(terms.find(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'blue heron',
      'prj-17',
    ]);
    expect(terms.find(text)[0]?.detector).toBe('own_term.project');
  });

  it('are refused where a pattern cannot be read', () => {
    expect(() => createOwnTerms([{ name: 'bad', words: [], patterns: ['('] }])).toThrow(/bad/);
  });
});

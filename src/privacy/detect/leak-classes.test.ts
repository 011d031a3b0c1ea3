import { describe, expect, it } from 'vitest';
import { detectors } from '../scan-text.ts';

/** Classes of what leaks, one list each: sentences made up for this, and beside each what looks alike and is nobody's. */

const codesIn = (text: string): readonly string[] =>
  detectors.flatMap((one) => one.find(text).map(({ detector }) => detector));
const hex = (count: number): string => '0123456789abcdef'.repeat(8).slice(0, count);

const classes: readonly (readonly [
  detector: string,
  found: readonly string[],
  harmless: readonly string[],
])[] = [
  [
    'house.takeover',
    [
      'Acme Corp will acquire Beta Inc next month for $2 billion',
      'They plan to shut down the Dayton plant by March',
    ],
    ['A firm will acquire another firm if the price is right.', 'The lizard will shut down its metabolism.'],
  ],
  [
    'house.cuts',
    ['Globex plans to lay off 400 employees in March', 'The layoff list has 45 people on it'],
    ['Firms will lay off workers when demand falls.', 'The baker will cut 12 cakes.'],
  ],
  [
    'house.line',
    ['Revenue: $12.4M', 'Runway (Q3): $2M', 'ARR reached $3.2M', 'EBITDA of $3.2M'],
    ['Revenue: what is it?', 'The revenue of a farm is $400.', 'Net income: 40'],
  ],
  ['house.pay_of', ['The base salary will rise to $310k'], ['Her salary rises with age.']],
  [
    'house.unreleased',
    ['The unreleased headset prototype folds', 'an unpatched vulnerability in the billing API'],
    ['An unreleased spring stores energy.'],
  ],
  [
    'house.incident',
    [
      'penetration test findings for the gateway',
      'our servers were breached on Sunday',
      'The data breach affected 12,000 people',
    ],
    ['What is a data breach?', 'The test results were positive.', 'The wall was breached in 1453.'],
  ],
  [
    'house.personnel',
    ['HR complaint against Tom in accounting', 'She was put on a performance improvement plan'],
    ['Explain what an HR department does.'],
  ],
  [
    'house.counsel',
    ['Our outside counsel advised against it', 'We are negotiating a settlement of $1.2 million'],
    ['The counsel for the defence spoke.', 'The pioneers settled 40 miles west.'],
  ],
  [
    'house.round',
    ['term sheet from Sequoia for 20%', 'raising at $80M pre-money', 'Board meeting minutes, 12 May'],
    ['The meeting took 12 minutes.', 'He is raising chickens.'],
  ],
  [
    'house.offer',
    ['the new pricing for enterprise will be $49 a seat', 'our bid for the tender is 4.2 million euros'],
    ['The price of an apple is $2.', 'The bid was too low.'],
  ],
  ['house.account', ['we lost the Contoso account'], ['We lost the game.', 'we won the deal of the day']],
  [
    'house.recipe',
    ['the secret ingredient in our sauce is fish stock'],
    ['What is the secret ingredient of a good novel?'],
  ],
  [
    'intimate.conduct',
    ['my son was arrested last night', 'I was fired from my job', 'I cheated on my taxes'],
    ['The suspect was arrested.', 'The kiln was fired at 900 degrees.'],
  ],
  [
    'intimate.code',
    ['Diagnosis: F32.1 for the second time', 'C50.9 (ICD-10)'],
    ['The reading was F32.1 there.', 'A diagnosis takes time.'],
  ],
  ['intimate.health', ['My wife is 12 weeks pregnant'], ['The gestation of a cat is 9 weeks.']],
  [
    'system.shared_link',
    [
      'see https://docs.google.com/document/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ/edit',
      'https://acme.sharepoint.com/sites/finance/q3.xlsx',
      'https://zoom.us/j/98765432101?pwd=abcdEFGH',
    ],
    ['https://docs.google.com', 'https://slack.com/pricing', 'https://zoom.us/'],
  ],
  [
    'system.cloud_host',
    ['mydb.c9akciq32.us-east-1.rds.amazonaws.com', 'vaultname.vault.azure.net'],
    ['docs.aws.amazon.com', 'windows.net'],
  ],
  [
    'system.stage_host',
    ['https://staging.acme-corp.com/login'],
    ['https://dev.to/post', 'https://stage.com'],
  ],
  ['system.machine', ['connect to prod-db-01 as root'], ['a prod-ready app', 'dev-web']],
  ['system.docket', ['in 2023-CV-01234'], ['on 2023-CA']],
  [
    'credential.side_by_side',
    ['user jdoe pw Summer2024', 'login as it was: user admin password hunter2'],
    ['The user must pass the test.', 'user name and password fields'],
  ],
  ['credential.backup_codes', ['backup codes: 1234-5678, 8765-4321'], ['Backup codes are useful.']],
  ['credential.listed', ['VPN creds: jdoe / Winter!2023'], ['Good street creds: a blog']],
  [
    'credential.phrase',
    ['crypto seed: abandon ability able about above absent absorb abstract absurd abuse access accident'],
    ['a crypto seed round'],
  ],
  [
    'secret.license_key',
    ['ABCD1-EFGH2-IJKL3-MNOP4-QRST5'],
    ['SECTION-THREE-PART-FOUR', '1234-5678-9012', 'ISO-9001-2015-REV'],
  ],
  ['secret.url_password', ['redis://:p4ssw0rd@cache.example.net:6379'], ['http://example.com:8080/a']],
  ...(
    [
      ['digitalocean', `dop_v1_${hex(64)}`],
      ['shopify', `shpat_${hex(32)}`],
      ['square', `sq0atp-${hex(22)}`],
      ['new_relic', 'NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ1'],
      ['vault', `hvs.CAESIJ${hex(24)}`],
      ['databricks', `dapi${hex(32)}`],
      ['atlassian', `ATATT3xFfGF0${hex(40)}`],
      ['linear', `lin_api_${hex(40)}`],
      ['notion', `ntn_${hex(46)}`],
      ['grafana', `glsa_${hex(32)}_12345678`],
      ['postman', `PMAK-${hex(24)}-${hex(34)}`],
      ['figma', `figd_${hex(40)}`],
      ['replicate', `r8_${hex(37)}`],
      ['perplexity', `pplx-${hex(48)}`],
      ['xai', `xai-${hex(80)}`],
      ['docker', `dckr_pat_${hex(27)}`],
      ['mailgun', `key-${hex(32)}`],
      ['azure_sas', `https://a.example.net/c?sv=1&sig=${hex(43)}%3D`],
    ] as const
  ).map(
    ([name, key]) => [`secret.${name}`, [`it uses ${key} now`], [`it uses ${key.slice(0, 9)} now`]] as const,
  ),
  [
    'house.results',
    ['a net loss of 3 million', 'We will report a loss next quarter', 'Guidance for next year is cut'],
    ['The net loss is $40.', 'We will report to the teacher.'],
  ],
  [
    'house.worth',
    ['a contract renewal worth $500k', 'Northwind pays us $40,000 a month', 'Salaries: Ana 95k, Bob 88k'],
    ['a contract worth $5,000', 'She pays $3 for bread.'],
  ],
  ['house.leaver', ['Our CEO will resign on Friday', 'The CFO is leaving'], ['The president will resign.']],
  [
    'house.file',
    [
      'Performance review: Dana Fox, below expectations',
      'Customer list: Contoso, Fabrikam',
      'Top clients are Contoso',
      'Vendor quote from Foxtronics',
      'The supplier Foxtronics raised its price',
      'NDA with Initech',
      'Investigation into Peter Novak for fraud',
      'severance of 6 months for Peter Novak',
      'Grade report for Maya Chen',
      'The new logo will be revealed on Friday',
    ],
    ['Make a customer list of this.', 'key customers are people', 'The supplier raised prices.'],
  ],
  [
    'house.patent',
    ['Patent application draft: cooling', 'a proprietary scoring function we developed', 'layoffs discussed'],
    ['What is a patent application?', 'proprietary software is not free'],
  ],
  ['house.matter', ['Client matter 2023-114', 'the defendant in our case'], ['the defendant in this case']],
  [
    'intimate.of_name',
    ['Jane Doe has stage 3 breast cancer'],
    ['The patient has cancer.', 'A woman was diagnosed with asthma.'],
  ],
  [
    'intimate.subject',
    ['Test subject 14 had a seizure', 'genome file of my father'],
    ['The patient had a fever.'],
  ],
  ['portrait.absence', ["We'll be away from the house from 3 to 17 August"], ['He is away.']],
  ['portrait.belief', ['I voted Republican'], ['They voted Republican.']],
  ['portrait.trait', ["My kid's school is Lincoln Elementary"], ['My school is a ruin.']],
  ['finance.self', ['I owe 30,000 in credit card debt'], ['I owe you 3 apples.']],
  ['system.service_host', ['connect to vpn.acme-corp.com'], ['vpn.com', 'example.internal-medicine.com']],
  [
    'credential.network_key',
    ['Our wifi is AcmeGuest and the key is welcome123'],
    ['the wifi key is long', 'What is a wifi password?'],
  ],
  ['credential.code', ['The garage code is 9981'], ['The area code is large']],
  ['person.context', ['My daughter Emma is 7'], ['My daughter is 7', 'My daughter Monday']],
  ['place.seat', ['flight UA 881 on 3 May, seat 14C'], ['flight UA 881', 'seat 14C']],
  ['credential.offer_code', ['the discount code for employees is STAFF50'], ['the discount code is long']],
  ['credential.license', ['license key for Acme: 1118-1234-5678-9012'], ['a license key has dashes']],
  ['place.gps', ['GPS: 52.52, 13.405'], ['the points (1.5, 2.25)', 'latitude 52.52 is in Europe']],
  ['thing.plate', ['License plate B-MW 1234'], ['the license plate is blue']],
  [
    'confidential.classified',
    ['Classification: Restricted', 'TLP:AMBER', 'SECRET//NOFORN'],
    ['Classification: mammals', 'data classification by k-means'],
  ],
  ['confidential.stamp', ['PROPRIETARY AND CONFIDENTIAL'], ['proprietary software']],
  [
    'labelled.account_number',
    ['AWS account id 123456789012', 'Tenant ID: 72f988bf-86f1-41af-91ab-2d7cd011db47', 'badge no. 88213'],
    ['The tenant paid 1200 dollars.'],
  ],
];

describe.each(classes)('%s', (detector, found, harmless) => {
  it.each(found)('is seen in %j', (text) => {
    expect(codesIn(text)).toContain(detector);
  });

  it.each(harmless)('is not seen in %j', (text) => {
    expect(codesIn(text)).not.toContain(detector);
  });
});

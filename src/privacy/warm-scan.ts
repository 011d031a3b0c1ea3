import type { Detector } from './detect/span.ts';
import { openLexicon } from './lexicon/lexicon.ts';
import { createScanText, detectors as usual } from './scan-text.ts';
import { openAutomaton } from './sieve/sieve.ts';

/** Others get their turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Sentences that make every detector look: the engine translates a pattern when it is first run, and to machine code when it is run
 * again, which the first requests would otherwise wait for. Made up; what is found in them nobody is told.
 */
const sentences: readonly string[] = [
  'Mail jane.doe@example.com or call +49 151 23456789, card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, host 10.0.0.7, 00:1a:2b:3c:4d:5e.',
  'My name is Jane Doe, born on 3 May 1971, and I live at 220 Sycamore Lane, Dayton, OH 45402; passport number P4418829, driving licence D1234567.',
  'the password for the server is Tulip-4711! and the api_key: sk-abcdefghijklmnop0123456789; Server=db1;User Id=sa;Password=Winter22; Bearer abcdef0123456789',
  'Our revenue for Q3 was $4.2 million; we will acquire Acme Corp next month, lay off 40 people in March, and our client Globex pays us $40,000 a month.',
  'CONFIDENTIAL: do not share this outside the company. The deal is not public yet, keep it between us, under NDA. Internal use only.',
  'My son was diagnosed with diabetes and takes 20 mg of insulin; my wife has cancer; I was arrested for theft; my salary is $52,000; my lawyer said so.',
  'I work at Globex, I voted for the greens, we are away from Monday until Friday, the spare key is under the mat, and I have been feeling suicidal.',
  'Connect to prod-db-01, https://jira.corp.example.internal/x, s3://bucket/key, vpn.acme.com, account number 12345678, case 1:23-cv-01234, seat 14C.',
  'Customer list: Acme, Globex. Patient 4411 had a seizure, ICD-10 F32.1. The CEO will resign. Term sheet from Sequoia at $80M pre-money. HR complaint against Tom.',
  'Her social security number is 524-71-9063 and I am from Ohio; we found an SQL injection in our shop and customer records were leaked; Mia is on sick leave, the MRI of Dr. Jo Lund.',
  'Review our quarterly financial statements; diagnosis: bipolar disorder; pwd=letmein; 我的密码是 abc12345。',
  'Rewrite this complaint about Dr. Vance: ARR 1.2m, burn 90k. We fired the cook, the intruder is still in our network, VPN 10.8.0.0/16, expires 03/28.',
  'Mein Name ist Jörg Weber und ich wohne in Köln; das Passwort lautet Regen77!; mi hijo tiene diabetes; ma femme est enceinte; streng vertraulich.',
];

/** The forms in which texts come: a byte a character, two, and long ones among words that mean nothing. */
const forms: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `${text} Ω`,
  (text) => `${'The cat sat on the mat and the dog was not there. '.repeat(20)}${text}`,
];
const roundCount = 4;
/** A pattern is translated when it is first run, and to machine code when it is run again: these rounds take long. */
const slowRoundCount = 2;

export interface WarmScanSetup {
  /** For tests: in the place of the usual ones. */
  readonly detectors?: readonly Detector[];
  /** Between two pieces. */
  readonly pause?: () => Promise<void>;
}

/**
 * Reads these some times, a little at once, so that whoever asks meanwhile is not held up by more than a few milliseconds: one
 * sentence with one detector while patterns are translated, then with all. Patterns belong to the process: whichever scanner reads
 * them first pays.
 */
export async function warmScan({ detectors = usual, pause = turn }: WarmScanSetup = {}): Promise<void> {
  await pause();
  openAutomaton();
  await pause();
  openLexicon();
  const singly = detectors.map((one) => createScanText({ detectors: [one] }));
  const together = createScanText({ detectors });
  for (let round = 0; round < roundCount; round += 1) {
    for (const form of forms) {
      for (const sentence of sentences) {
        // Another text each time: what was read before is not read again by everybody.
        const text = form(`${sentence} ${String(round)}`);
        for (const scan of round < slowRoundCount ? singly : [together]) {
          await pause();
          scan(text);
        }
      }
    }
  }
}

import { kindOf, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

const coordinates =
  /(?<![\d.,-])-?(?:[1-8]?\d|90)\.\d{3,8}°?\s?[NS]?,\s?-?(?:1[0-7]\d|\d{1,2}|180)\.\d{3,8}°?\s?[EW]?(?![\d.])|\b\d{1,2}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″])?\s?[NS][, ]+\d{1,3}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″])?\s?[EW]/g;
/** Less exact, and called by its name. */
const gps =
  /\b(?:gps|lat(?:itude)?[ /,]*lo?ng?(?:itude)?)\b[^\n\d-]{0,24}-?\d{1,2}\.\d{1,8}°?\s?[NS]?\s?,\s?-?\d{1,3}\.\d{1,8}/gi;
/** Who sits there on a day is on a list. */
const seat = /\b(?:flight|train|coach) [A-Z0-9]{1,3} ?\d{2,4}\b[^.?!\n]{0,40}?\bseat \d{1,2} ?[A-K]\b/g;
const vin = /(?<![A-Z0-9])[A-HJ-NPR-Z0-9]{17}(?![A-Z0-9])/g;
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const plate =
  /\b(?:licen[cs]e plate|number plate|plate(?: number)?|registration plate)(?: number)?(?: is|:|#)? ?["“]?[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}(?:[ -]\d{2,5})?\b/gi;
const login =
  /\b(?:user ?name|login|user ?id|handle|screen ?name)s?(?: is| was|:|=) ?["'“]?[\p{L}\p{N}][\p{L}\p{N}._-]{2,40}/giu;

/** Begins with one of these words. */
export const account =
  /\b(?:my|our|his|her|their) (?:twitter|x|instagram|insta|facebook|tiktok|snapchat|snap|discord|telegram|signal|skype|reddit|linkedin|github|twitch|venmo|paypal|cash ?app|onlyfans|tinder|steam|psn|xbox|wechat|whatsapp)(?: (?:handle|user ?name|id|account|name|tag|profile|number))?(?: is|:| =) ?["'“]?@?[\p{L}\p{N}][\p{L}\p{N}._#-]{2,40}/iuy;
const bic =
  /\b(?:SWIFT|Swift|swift|BIC|bic)(?: ?\/ ?(?:SWIFT|BIC))?(?: code| number)?(?: is|:|=)? ?[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b/g;
const bankNumber =
  /\b(?:iban|account|acct)(?: number| no\.?| #)?(?: is|:|=| at)? ?(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?|\d{8,17})\b/gi;

/** ISO 3779 as used in North America (49 CFR 565): the ninth character checks the others. */
function isVin(code: string): boolean {
  if (!/\d/.test(code) || !/[A-Z]/.test(code)) return false;
  const values: Readonly<Record<string, number>> = {
    ...{
      A: 1,
      B: 2,
      C: 3,
      D: 4,
      E: 5,
      F: 6,
      G: 7,
      H: 8,
      J: 1,
      K: 2,
      L: 3,
      M: 4,
      N: 5,
      P: 7,
      R: 9,
      S: 2,
      T: 3,
    },
    ...{ U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9 },
  };
  const sum = vinWeights.reduce((total, weight, index) => {
    const character = code[index] ?? '0';
    return total + weight * (values[character] ?? Number(character));
  }, 0);
  return '0123456789X'[sum % 11] === code[8];
}

const kinds = {
  coordinates: kindOf('residence', 'place.coordinates', coordinates),
  gps: kindOf('residence', 'place.gps', gps),
  bankNumber: kindOf('bank_account', 'thing.bank_number', bankNumber),
  vin: kindOf('account_number', 'thing.vin', vin),
  plate: kindOf('account_number', 'thing.plate', plate),
  seat: kindOf('residence', 'place.seat', seat),
  bic: kindOf('bank_account', 'thing.bic', bic),
  account: kindOf('account_number', 'thing.account', account),
  login: kindOf('account_number', 'thing.login', login),
} as const;

/** Where somebody is to the metre, what he drives, and what he is called where he signs in. */
export const placeAndThing: Detector = {
  name: 'place_and_thing',
  find: (text, facts = new TextFacts(text)) => [
    ...matchesOf(facts, kinds.coordinates),
    ...matchesOf(facts, kinds.gps),
    ...matchesOf(facts, kinds.bankNumber),
    ...(facts.longestWord >= 17 ? matchesOf(facts, kinds.vin, ([code]) => isVin(code)) : []),
    ...matchesOf(facts, kinds.plate, ([one]) => /\d/.test(one)),
    ...matchesOf(facts, kinds.seat),
    ...matchesOf(facts, kinds.bic),
    ...matchesOf(facts, kinds.account),
    ...matchesOf(facts, kinds.login),
  ],
};

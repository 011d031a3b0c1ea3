import { modelOnlyMark } from './stand-in-models.ts';
import type { Random } from '../../random/seeded-random.ts';
import { letters, oneOf } from './random.ts';

export const plantedKinds = [
  'payment_card',
  'email',
  'secret',
  'named_person',
  'national_id',
  'iban',
  'phone',
  'password',
  'own_term',
  'model_only',
  'arbitrary',
] as const;
export type PlantedKind = (typeof plantedKinds)[number];

/** A text that must not be read by anybody outside, made up for one request. */
export interface Planted {
  readonly kind: PlantedKind;
  /** A sentence around it. */
  readonly text: string;
  /** What to look for: so many random characters that nothing else has them. */
  readonly needle: string;
}

/** Makes up a text that nobody ever had. @param terms words of the owner's; none: no texts of that kind */
export function plant(random: Random, kind: PlantedKind, terms: readonly string[] = []): Planted {
  const digits = (count: number): string => letters(random, count, '0123456789');
  switch (kind) {
    case 'payment_card': {
      const needle = withLuhn(`4${digits(14)}`);
      const grouped = random() < 0.5 ? needle : needle.replace(/(\d{4})(?=\d)/g, '$1 ');
      return { kind, needle, text: `Please charge the card ${grouped} for the booking.` };
    }
    case 'email': {
      const needle = `${letters(random, 9)}.${letters(random, 7)}@${letters(random, 10)}.com`;
      return { kind, needle, text: `Write to ${needle} about the offer.` };
    }
    case 'secret': {
      const needle = `AKIA${letters(random, 16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`;
      return { kind, needle, text: `The job uses ${needle} to read the bucket.` };
    }
    case 'named_person': {
      const needle = `${capital(letters(random, 9))} ${capital(letters(random, 11))}`;
      return { kind, needle, text: `My name is ${needle} and I was born on 3 May 1971.` };
    }
    case 'national_id': {
      const needle = `${100 + Math.floor(random() * 500)}-${10 + Math.floor(random() * 89)}-${1000 + Math.floor(random() * 8999)}`;
      return { kind, needle, text: `Her social security number is ${needle}.` };
    }
    case 'iban': {
      const needle = withIbanCheck('DE', digits(18));
      return { kind, needle, text: `Transfer it to ${needle} by Friday.` };
    }
    case 'phone': {
      const needle = `+49 151 ${digits(8)}`;
      return { kind, needle, text: `Call me back on ${needle} tonight.` };
    }
    case 'password': {
      const needle = `${capital(letters(random, 6))}${digits(4)}!${letters(random, 5)}`;
      return { kind, needle, text: `my password is ${needle}, is that safe?` };
    }
    case 'own_term': {
      if (terms.length === 0) return plant(random, 'email');
      // Beside a mark, so that it is found where it should not be although the word itself is no random one.
      const needle = `${oneOf(random, terms)} ${letters(random, 12)}`;
      return { kind, needle, text: `What does ${needle} cost us?` };
    }
    case 'model_only': {
      // No detector sees it; a model that is asked whether a text is somebody's does.
      const needle = Array.from({ length: 3 }, () => letters(random, 7)).join(' ');
      return { kind, needle, text: `Say more on ${modelOnlyMark} ${needle} in one line.` };
    }
    case 'arbitrary': {
      const needle = Array.from({ length: 4 }, () => letters(random, 7)).join(' ');
      return { kind, needle, text: `Tell me about ${needle} in one line.` };
    }
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** ISO/IEC 7812-1, annex B. */
function withLuhn(digits: string): string {
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** ISO 13616, check digits by ISO 7064 MOD 97-10. */
function withIbanCheck(country: string, account: string): string {
  const moved = `${account}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  const check = 98n - (BigInt(moved) % 97n);
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

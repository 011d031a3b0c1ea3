import { sha256 } from '../sha256.ts';
import { matches, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const base58Address = /(?<![\w/+=])[1-9A-HJ-NP-Za-km-z]{26,35}(?![\w/+=])/g;
const bech32Address = /(?<![\w])(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{20,90}(?![\w])/gi;
const ethereumAddress = /(?<![\w])0x[0-9a-f]{40}(?![\w])/gi;
/** No check that is cheap: taken only beside a word that says what it is. */
const bareAddress = /(?<![\w/+=])(?:[48][1-9A-HJ-NP-Za-km-z]{94}|[1-9A-HJ-NP-Za-km-z]{43,44})(?![\w/+=])/g;
const walletWords = /\b(?:wallet|solana|monero|xmr|sol|crypto|address)\b/i;

/** Base58Check: the last four bytes are the beginning of a double SHA-256 of the others. */
function isBase58Check(text: string): boolean {
  let value = 0n;
  for (const character of text) value = value * 58n + BigInt(base58.indexOf(character));
  const hex = value.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const bytes = Uint8Array.from({ length: 25 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
  const sum = sha256(sha256(bytes.subarray(0, 21)));
  return bytes.subarray(21).every((byte, index) => byte === sum[index]);
}

const bech32Alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const bech32Generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** BIP 173 (constant 1) and BIP 350 (bech32m). */
function isBech32(text: string): boolean {
  const lower = text.toLowerCase();
  const at = lower.lastIndexOf('1');
  const prefix = Array.from(lower.slice(0, at), (character) => character.charCodeAt(0));
  const data = Array.from(lower.slice(at + 1), (character) => bech32Alphabet.indexOf(character));
  if (data.includes(-1)) return false;
  let check = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    bech32Generator.forEach((generator, bit) => {
      if ((top >> bit) & 1) check ^= generator;
    });
  }
  return check === 1 || check === 0x2bc830a3;
}

/** Addresses of Bitcoin and its kin by their checksums, of Ethereum by form, others beside a word that names them. */
export const cryptoWallet: Detector = {
  name: 'crypto_wallet',
  find(text, facts = new TextFacts(text)) {
    if (facts.longestWord < 26) return [];
    const type = 'crypto_wallet' as const;
    return [
      ...matches(text, base58Address, { type, detector: 'crypto_wallet.base58' }, ([one]) => {
        return /\d/.test(one) && /^[13LMDX]/.test(one) && isBase58Check(one);
      }),
      ...matches(text, bech32Address, { type, detector: 'crypto_wallet.bech32' }, ([one]) => isBech32(one)),
      ...matches(text, ethereumAddress, { type, detector: 'crypto_wallet.ethereum' }),
      ...(walletWords.test(text)
        ? matches(text, bareAddress, { type, detector: 'crypto_wallet.named' }, ([one]) => /\d/.test(one))
        : []),
    ];
  },
};

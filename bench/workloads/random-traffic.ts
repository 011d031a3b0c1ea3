import { seededRandom } from '../../src/random/seeded-random.ts';
import type { ProviderRules } from '../prompt-cache-bill.ts';

/**
 * Traffic and prices drawn at random over wide ranges, for properties that must hold whatever is asked. Nobody's traffic:
 * each source of prompts has instructions of its own, comes at a mean interval between seconds and hours, and goes on for a
 * few turns or none.
 */
export interface RandomTraffic {
  readonly rules: ProviderRules;
  /** In the order of their times. */
  readonly requests: readonly RandomRequest[];
}

export interface RandomRequest {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly system: string | null;
  /** In turns, the user's first. */
  readonly texts: readonly string[];
}

export interface RandomTrafficOptions {
  /** Requests at most. */
  readonly requestCount: number;
  /** Sources of prompts at most. */
  readonly sourceCount: number;
}

type Random = () => number;
const between = (random: Random, low: number, high: number): number => low + random() * (high - low);
/** As many between 1 and 10 as between 10 and 100. */
const evenOverScales = (random: Random, low: number, high: number): number => low * (high / low) ** random();
const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());
const secondMs = 1000;
const hourMs = 3_600_000;

export function randomTraffic(
  seed: number,
  { requestCount, sourceCount }: RandomTrafficOptions,
): RandomTraffic {
  const random = seededRandom(seed);
  const requests: RandomRequest[] = [];
  const count = 1 + Math.floor(random() * sourceCount);
  for (let source = 0; source < count; source += 1) requests.push(...sourceOf(random, requestCount));
  requests.sort((one, other) => one.at - other.at);
  return { rules: randomRules(random), requests: requests.slice(0, requestCount) };
}

export function randomRules(random: Random): ProviderRules {
  const writeRate = between(random, 1, 1.6);
  return {
    protocol: random() < 0.75 ? 'anthropic' : 'openai',
    minimumTokenCount: [512, 1024, 2048, 4096][Math.floor(random() * 4)] ?? 1024,
    readRate: evenOverScales(random, 0.05, 0.6),
    writeRate,
    longWriteRate: between(random, writeRate, 2.5),
  };
}

/** Requests of one source: conversations that begin at random and go on for some turns. */
function sourceOf(random: Random, limit: number): RandomRequest[] {
  const hasSystem = random() < 0.85;
  const isStamped = random() < 0.2;
  const rules = noise(random, evenOverScales(random, 100, 6000));
  const everyMs = evenOverScales(random, 20 * secondMs, 3 * hourMs);
  const meanTurns = evenOverScales(random, 1, 8);
  const turnMs = evenOverScales(random, 4 * secondMs, hourMs);
  const askedTokens = evenOverScales(random, 20, 2500);
  const found: RandomRequest[] = [];
  let begin = exponential(random, everyMs);
  while (found.length < limit && begin < 12 * hourMs) {
    const system = hasSystem ? (isStamped ? `${Math.round(begin)}\n${rules}` : rules) : null;
    const texts: string[] = [];
    let at = begin;
    do {
      texts.push(noise(random, exponential(random, askedTokens)));
      found.push({ at, system, texts: [...texts] });
      texts.push(noise(random, exponential(random, 150)));
      at += exponential(random, turnMs);
    } while (random() > 1 / meanTurns && texts.length < 40);
    begin += exponential(random, everyMs);
  }
  return found;
}

/** About so many tokens. */
function noise(random: Random, tokenCount: number): string {
  const words: string[] = [];
  for (let index = 0; index <= tokenCount; index += 1) {
    words.push(
      Math.floor(random() * 36 ** 4)
        .toString(36)
        .padStart(4, 'k'),
    );
  }
  return words.join(index10(words.length));
}

/** Lines for long texts, as texts have them. */
function index10(length: number): string {
  return length > 60 ? '\n' : ' ';
}

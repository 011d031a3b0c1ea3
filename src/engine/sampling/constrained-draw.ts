import { NearfarError } from '../../chat/error.ts';
import type { SamplingOptions } from '../../chat/sampling.ts';
import { argmax } from './argmax.ts';
import { selectCandidates } from './candidates.ts';
import type { Constraint } from './constraint.ts';
import { depthLimit, weightOfDepth } from './depth.ts';
import { drawFromAll, drawFromCandidates } from './draw.ts';
import type { Random } from './random.ts';
import { selectTopK } from './top-k.ts';
import type { Workspace } from './workspace.ts';

/**
 * Checking one token takes some microseconds, the whole vocabulary 5 to 14 ms (49,152 tokens, measured), which is more
 * than a step. So tokens that their first byte rules out are never checked, then those that are drawn, one by one, and
 * only where that is not enough many at once.
 */
const likeliestCount = 512;
/** Draws of single tokens before the likeliest are checked, */
const fewDrawCount = 4;
/** and before all that are left are. */
const manyDrawCount = 12;

export interface ConstrainedDraw {
  /** After biases and penalties. Not written to unless it is the workspace's own. */
  readonly logits: Float32Array;
  /** The index of the largest logit. */
  readonly top: number;
  /** What was drawn first, and is not allowed. */
  readonly rejected: number;
  readonly options: SamplingOptions;
  readonly isGreedy: boolean;
  /** Candidates that the filters left, still in the workspace with their weights; `null` = no filters. */
  readonly candidateCount: number | null;
  readonly constraint: Constraint;
  readonly random: Random;
  readonly workspace: Workspace;
}

/**
 * Draws anew after the first token was rejected, so that both draws together follow the masked distribution.
 *
 * Let p be the distribution of the first draw (filters applied), A the allowed tokens, and q(t) = p(t) / p(A) for t in
 * A. The first draw is kept with probability p(t) = p(A) q(t). Each further draw is made from p without what was
 * found forbidden so far: a set R that has no member of A. Given that such a draw hits A, it is t with probability
 * p(t) / p(A) = q(t), whatever R is; and draws go on until one hits A. So
 * P(t) = p(A) q(t) + (1 - p(A)) q(t) = q(t). Which tokens are put into R, and when, changes the cost only.
 *
 * Where the filters (top_k, typical_p, top_p, min_p) leave no allowed token, q does not exist. They are then applied
 * to the allowed ones among the 512 likeliest tokens, or if there are none, to all allowed ones.
 * @throws NearfarError `internal` where no token of the vocabulary may come next
 */
export function drawAllowed(draw: ConstrainedDraw): number {
  const drawn = draw.isGreedy ? null : drawAgain(draw);
  return drawn ?? drawMasked(draw);
}

/** @returns `null` where no candidate is allowed */
function drawAgain(draw: ConstrainedDraw): number | null {
  const { logits, top, options, constraint, random, workspace, rejected } = draw;
  const { ids, weights } = workspace;
  const known = knownTokens(logits.length);
  try {
    known.set(rejected, false);
    const count =
      draw.candidateCount ?? gatherPossible(logits, top, options.temperature, constraint, workspace);
    if (draw.candidateCount !== null) dropImpossible(count, constraint, workspace);
    if (count <= likeliestCount) checkSlots(count, constraint, workspace, known);
    for (let misses = 0; ;) {
      const total = dropForbidden(count, workspace, known);
      if (total === 0) return null;
      const token = pickSlot(random() * total, count, ids, weights);
      const verdict = known.get(token);
      if (verdict ?? constraint.allows(token)) return token;
      known.set(token, false);
      misses += 1;
      if (misses === fewDrawCount) checkLikeliest(logits, constraint, known);
      if (misses === manyDrawCount) checkSlots(count, constraint, workspace, known);
    }
  } finally {
    known.clear();
  }
}

/** Every token that weighs anything and that its first byte does not rule out, with its weight. */
function gatherPossible(
  logits: Float32Array,
  top: number,
  temperature: number,
  constraint: Constraint,
  { ids, weights }: Workspace,
): number {
  const max = logits[top] as number;
  const scale = 1 / temperature;
  const lowest = max - depthLimit * temperature;
  let count = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit > lowest && constraint.mayAllow(id)) {
      ids[count] = id;
      weights[count] = weightOfDepth((max - logit) * scale);
      count += 1;
    }
  }
  return count;
}

/** The same of candidates that filters left. */
function dropImpossible(count: number, constraint: Constraint, { ids, weights }: Workspace): void {
  for (let slot = 0; slot < count; slot += 1) {
    if (!constraint.mayAllow(ids[slot] as number)) weights[slot] = 0;
  }
}

/** Takes the weight from tokens that are known to be forbidden; returns what is left. */
function dropForbidden(count: number, { ids, weights }: Workspace, known: KnownTokens): number {
  let total = 0;
  for (let slot = 0; slot < count; slot += 1) {
    if (known.get(ids[slot] as number) === false) weights[slot] = 0;
    total += weights[slot] as number;
  }
  return total;
}

function pickSlot(place: number, count: number, ids: Int32Array, weights: Float64Array): number {
  let rest = place;
  let last = -1;
  for (let slot = 0; slot < count; slot += 1) {
    const weight = weights[slot] as number;
    if (weight === 0) continue;
    last = ids[slot] as number;
    rest -= weight;
    if (rest < 0) break;
  }
  return last;
}

/** Learns which of the candidates that still weigh something are allowed. */
function checkSlots(count: number, constraint: Constraint, workspace: Workspace, known: KnownTokens): void {
  const unknown = new Int32Array(count);
  let unknownCount = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const id = workspace.ids[slot] as number;
    if ((workspace.weights[slot] as number) > 0 && known.get(id) === null) unknown[unknownCount++] = id;
  }
  learn(unknown, unknownCount, constraint, known);
}

function checkLikeliest(logits: Float32Array, constraint: Constraint, known: KnownTokens): void {
  const ids = new Int32Array(likeliestCount);
  const count = selectTopK(logits, likeliestCount, ids, new Float64Array(likeliestCount));
  learn(ids, count, constraint, known);
}

function learn(ids: Int32Array, count: number, constraint: Constraint, known: KnownTokens): void {
  const flags = new Uint8Array(count);
  constraint.check(ids, count, flags);
  for (let index = 0; index < count; index += 1) known.set(ids[index] as number, flags[index] === 1);
}

/** Masks first, then draws as ever: the likeliest tokens, or if none of them is allowed, all. */
function drawMasked(draw: ConstrainedDraw): number {
  const { logits } = draw;
  // Without filters the whole vocabulary counts, however unlikely.
  if (draw.isGreedy || draw.candidateCount !== null) {
    const likeliest = new Int32Array(likeliestCount);
    const count = selectTopK(logits, likeliestCount, likeliest, new Float64Array(likeliestCount));
    const token = drawAmong(likeliest.subarray(0, count).sort(), draw);
    if (token !== null) return token;
  }
  const token = drawAmong(
    Int32Array.from({ length: logits.length }, (_, id) => id),
    draw,
  );
  if (token !== null) return token;
  throw new NearfarError('internal', 'No token of this model continues the text that the grammar asks for.');
}

/**
 * Draws from the allowed ones of some tokens as if there were no others.
 * @param among in order of id
 * @returns `null` where none is allowed
 */
function drawAmong(among: Int32Array, draw: ConstrainedDraw): number | null {
  const { logits, options, random, workspace } = draw;
  const flags = new Uint8Array(among.length);
  draw.constraint.check(among, among.length, flags);
  const allowed = among.filter((id, index) => flags[index] === 1 && (logits[id] as number) > -Infinity);
  if (allowed.length === 0) return null;
  const own = Float32Array.from(allowed, (id) => logits[id] as number);
  let index = argmax(own);
  if (!draw.isGreedy && draw.candidateCount !== null) {
    const count = selectCandidates(own, index, options, workspace);
    index = drawFromCandidates(count, options.temperature, random, workspace);
  } else if (!draw.isGreedy) index = drawFromAll(own, index, options.temperature, random, workspace);
  return allowed[index] as number;
}

/** What was learnt about tokens in one draw; the thread has one table per vocabulary size. */
interface KnownTokens {
  get(token: number): boolean | null;
  set(token: number, isAllowed: boolean): void;
  clear(): void;
}

const tables = new Map<number, KnownTokens>();

function knownTokens(vocabTokenCount: number): KnownTokens {
  const existing = tables.get(vocabTokenCount);
  if (existing !== undefined) return existing;
  const verdicts = new Uint8Array(vocabTokenCount);
  let touched: number[] = [];
  const table: KnownTokens = {
    get: (token) => (verdicts[token] === 0 ? null : verdicts[token] === 1),
    set: (token, isAllowed) => {
      verdicts[token] = isAllowed ? 1 : 2;
      touched.push(token);
    },
    clear: () => {
      for (const token of touched) verdicts[token] = 0;
      touched = [];
    },
  };
  tables.set(vocabTokenCount, table);
  return table;
}

import { createRandom } from '../../engine/sampling/random.ts';
import { stackRows, type SparseMatrix, type SparseRow } from './ridge.ts';

/** Directions in which the words of the prompts differ most: what they are about. */
export interface Topics {
  readonly count: number;
  /** The columns that topics are made of, rising. */
  readonly columns: Int32Array;
  /** The weight of columns[c] in topic t stands at c * count + t. */
  readonly loadings: Float32Array;
}

const extraCount = 4;
const iterationCount = 4;
/** Topics are made of the columns that most rows have, at most so many, */
const columnLimit = 6000;
/** each in at least so many rows. */
const leastRowCount = 5;

/**
 * Truncated singular value decomposition by subspace iteration from a random start (Halko, Martinsson and Tropp 2011): latent semantic
 * analysis of rows that are TF-IDF already.
 */
export function findTopics(rows: readonly SparseRow[], count: number, seed: number): Topics {
  const columns = commonColumns(rows);
  const placeOf = new Map([...columns].map((column, place) => [column, place]));
  const matrix = stackRows(
    rows.map((row) => narrowed(row, placeOf)),
    columns.length,
  );
  const width = Math.min(count + extraCount, columns.length);
  const random = createRandom(seed);
  let basis = Array.from({ length: width }, () =>
    Float64Array.from({ length: columns.length }, () => random() - 0.5),
  );
  orthonormalise(basis);
  for (let iteration = 0; iteration < iterationCount; iteration++) {
    basis = basis.map((direction) => applyTwice(matrix, direction));
    orthonormalise(basis);
  }
  const loadings = new Float32Array(columns.length * count);
  basis.slice(0, count).forEach((direction, topic) => {
    direction.forEach((loading, place) => {
      loadings[place * count + topic] = loading;
    });
  });
  return { count, columns, loadings };
}

/** Reads how much of each topic a row has. */
export function createTopicReader({ count, columns, loadings }: Topics): (row: SparseRow) => Float32Array {
  const placeOf = new Map([...columns].map((column, place) => [column, place]));
  return (row) => {
    const result = new Float32Array(count);
    row.columns.forEach((column, entry) => {
      const place = placeOf.get(column);
      const value = row.values[entry] ?? 0;
      if (place === undefined || value === 0) return;
      for (let topic = 0; topic < count; topic++)
        result[topic] = (result[topic] ?? 0) + value * (loadings[place * count + topic] ?? 0);
    });
    return result;
  };
}

function commonColumns(rows: readonly SparseRow[]): Int32Array {
  const counts = new Map<number, number>();
  for (const { columns, values } of rows)
    columns.forEach((column, entry) => {
      if (values[entry] !== 0) counts.set(column, (counts.get(column) ?? 0) + 1);
    });
  const common = [...counts].filter(([, rowCount]) => rowCount >= leastRowCount);
  common.sort(([a, countA], [b, countB]) => countB - countA || a - b);
  return Int32Array.from(common.slice(0, columnLimit), ([column]) => column).sort();
}

function narrowed({ columns, values }: SparseRow, placeOf: ReadonlyMap<number, number>): SparseRow {
  const places: number[] = [];
  const kept: number[] = [];
  columns.forEach((column, entry) => {
    const place = placeOf.get(column);
    if (place === undefined) return;
    places.push(place);
    kept.push(values[entry] ?? 0);
  });
  return { columns: Int32Array.from(places), values: Float32Array.from(kept) };
}

/** X^T X direction */
function applyTwice(
  { rowCount, columnCount, starts, columns, values }: SparseMatrix,
  direction: Float64Array,
) {
  const result = new Float64Array(columnCount);
  for (let row = 0; row < rowCount; row++) {
    const start = starts[row] ?? 0;
    const end = starts[row + 1] ?? 0;
    let sum = 0;
    for (let entry = start; entry < end; entry++)
      sum += (values[entry] ?? 0) * (direction[columns[entry] ?? 0] ?? 0);
    for (let entry = start; entry < end; entry++) {
      const column = columns[entry] ?? 0;
      result[column] = (result[column] ?? 0) + sum * (values[entry] ?? 0);
    }
  }
  return result;
}

/** Gram and Schmidt, modified; in place. */
function orthonormalise(basis: readonly Float64Array[]): void {
  basis.forEach((direction, at) => {
    for (const other of basis.slice(0, at)) {
      let product = 0;
      for (let place = 0; place < direction.length; place++)
        product += (direction[place] ?? 0) * (other[place] ?? 0);
      for (let place = 0; place < direction.length; place++)
        direction[place] = (direction[place] ?? 0) - product * (other[place] ?? 0);
    }
    const length = norm(direction) || 1;
    for (let place = 0; place < direction.length; place++)
      direction[place] = (direction[place] ?? 0) / length;
  });
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

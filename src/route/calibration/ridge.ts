/** The entries of one row that are not 0. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** Rows one behind the other: row r holds the entries from starts[r] to starts[r + 1]. */
export interface SparseMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

export interface LinearModel {
  readonly weights: Float64Array;
  readonly intercept: number;
}

export function stackRows(rows: readonly SparseRow[], columnCount: number): SparseMatrix {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach((row, index) => {
    starts[index + 1] = (starts[index] ?? 0) + row.columns.length;
  });
  const entryCount = starts[rows.length] ?? 0;
  const columns = new Int32Array(entryCount);
  const values = new Float32Array(entryCount);
  rows.forEach((row, index) => {
    columns.set(row.columns, starts[index]);
    values.set(row.values, starts[index]);
  });
  return { rowCount: rows.length, columnCount, starts, columns, values };
}

/** Iterations of the solver; it ends before at a relative residual of 1e-4. */
const iterationLimit = 150;

/**
 * Ridge regression: minimises |Xw + b - y|^2 + penalty |w|^2, the intercept unpenalised. Conjugate gradients on the normal equations
 * of the centred columns (Hestenes and Stiefel 1952); the centring is carried along, the matrix stays sparse.
 * @param targets one for each row
 * @param penalty above 0
 */
export function fitRidge(matrix: SparseMatrix, targets: ArrayLike<number>, penalty: number): LinearModel {
  const { rowCount, columnCount } = matrix;
  const means = columnMeans(matrix);
  let targetMean = 0;
  for (let row = 0; row < rowCount; row++) targetMean += (targets[row] ?? 0) / rowCount;
  const centred = Float64Array.from({ length: rowCount }, (_, row) => (targets[row] ?? 0) - targetMean);
  const weights = new Float64Array(columnCount);
  const residual = new Float64Array(columnCount);
  // Centred targets add up to 0, so that the columns' means drop out.
  addTransposed(matrix, centred, residual);
  const direction = residual.slice();
  const rowBuffer = new Float64Array(rowCount);
  const applied = new Float64Array(columnCount);
  let norm = dot(residual, residual);
  const enough = norm * 1e-8;
  for (let iteration = 0; iteration < iterationLimit && norm > enough; iteration++) {
    multiply(matrix, direction, -dot(means, direction), rowBuffer);
    for (let column = 0; column < columnCount; column++) applied[column] = penalty * (direction[column] ?? 0);
    addTransposed(matrix, rowBuffer, applied);
    const step = norm / dot(direction, applied);
    for (let column = 0; column < columnCount; column++) {
      weights[column] = (weights[column] ?? 0) + step * (direction[column] ?? 0);
      residual[column] = (residual[column] ?? 0) - step * (applied[column] ?? 0);
    }
    const nextNorm = dot(residual, residual);
    const ratio = nextNorm / norm;
    for (let column = 0; column < columnCount; column++)
      direction[column] = (residual[column] ?? 0) + ratio * (direction[column] ?? 0);
    norm = nextNorm;
  }
  return { weights, intercept: targetMean - dot(means, weights) };
}

/** What a linear model says of one row. */
export function predict({ weights, intercept }: LinearModel, { columns, values }: SparseRow): number {
  let sum = intercept;
  for (let entry = 0; entry < columns.length; entry++)
    sum += (values[entry] ?? 0) * (weights[columns[entry] ?? 0] ?? 0);
  return sum;
}

function columnMeans({ rowCount, columnCount, columns, values }: SparseMatrix): Float64Array {
  const means = new Float64Array(columnCount);
  for (let entry = 0; entry < columns.length; entry++) {
    const column = columns[entry] ?? 0;
    means[column] = (means[column] ?? 0) + (values[entry] ?? 0) / rowCount;
  }
  return means;
}

/** result = X vector + offset */
function multiply(
  { rowCount, starts, columns, values }: SparseMatrix,
  vector: Float64Array,
  offset: number,
  result: Float64Array,
): void {
  for (let row = 0; row < rowCount; row++) {
    let sum = offset;
    const end = starts[row + 1] ?? 0;
    for (let entry = starts[row] ?? 0; entry < end; entry++)
      sum += (values[entry] ?? 0) * (vector[columns[entry] ?? 0] ?? 0);
    result[row] = sum;
  }
}

/** result += X^T vector */
function addTransposed(
  { rowCount, starts, columns, values }: SparseMatrix,
  vector: Float64Array,
  result: Float64Array,
): void {
  for (let row = 0; row < rowCount; row++) {
    const factor = vector[row] ?? 0;
    const end = starts[row + 1] ?? 0;
    for (let entry = starts[row] ?? 0; entry < end; entry++) {
      const column = columns[entry] ?? 0;
      result[column] = (result[column] ?? 0) + factor * (values[entry] ?? 0);
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

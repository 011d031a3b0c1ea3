/** One tensor as llama_model_quantize's log tells of it. */
export interface LoggedTensor {
  readonly name: string;
  readonly elementCount: number;
  /** ggml's name of the type that it is written in, e.g. `q4_K`. */
  readonly type: string;
}

// [   1/ 272]                    token_embd.weight - [   576, 49152,     1,     1], type =   q4_1, size = 16.9 MiB -> 15.2 MiB (q4_0)
// [   1/ 272] ...   type =   q4_1, converting to q4_0 .. size = 16.9 MiB -> 15.2 MiB
const tensorLine =
  /^\[ *\d+\/ *\d+\] +(\S+) +- \[([\d, ]+)\], type = +(\S+), (?:converting to (\S+) \.\. )?size = +[\d.]+ MiB(?: -> +[\d.]+ MiB(?: \((\S+)\))?)?/;

/** `null` for lines about something else. Pure. */
export function readTensorLine(line: string): LoggedTensor | null {
  const found = tensorLine.exec(line);
  if (found === null) return null;
  const [, name = '', shape = '', from = '', converted, planned] = found;
  const elementCount = shape.split(',').reduce((product, size) => product * Number(size), 1);
  return { name, elementCount, type: converted ?? planned ?? from };
}

const missingLine = /did not find weights for (\S+)/;

/** The tensor for which the importance matrix has nothing, where the line says so. Pure. */
export function readMissingLine(line: string): string | null {
  return missingLine.exec(line)?.[1] ?? null;
}

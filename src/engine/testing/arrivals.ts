import fc from 'fast-check';
import type { GenerateCommand } from '../protocol.ts';
import { command, type Harness } from './harness.ts';

/** A request of a property test: when it comes, what it shares with others, when it goes away. */
export interface Arrival {
  /** Requests of one family begin with the same tokens. */
  readonly family: number;
  readonly shared: number;
  readonly own: number;
  readonly max: number;
  readonly atStep: number;
  readonly abortAfter: number | null;
  readonly salt: string;
}

export const arrivalFields = {
  family: fc.integer({ min: 1, max: 3 }),
  shared: fc.integer({ min: 0, max: 60 }),
  own: fc.integer({ min: 1, max: 30 }),
  max: fc.integer({ min: 1, max: 40 }),
  atStep: fc.integer({ min: 0, max: 60 }),
  abortAfter: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 4 }),
  salt: fc.constantFrom('a', 'b'),
};

/** Tokens of prompts are below this, and so tell from marks that a test puts among them. */
const promptTokenLimit = 60;

/** @param marks stand between what is shared and what is its own */
export function promptOf(one: Arrival, index: number, marks: readonly number[] = []): number[] {
  return [
    ...Array.from({ length: one.shared }, (_, at) => (one.family * 7 + at * one.family) % promptTokenLimit),
    ...marks,
    ...Array.from({ length: one.own }, (_, at) => (index * 13 + at * 5) % promptTokenLimit),
  ];
}

/** The last step at which somebody comes or goes. */
export function lastStepOf(arrivals: readonly Arrival[]): number {
  return Math.max(...arrivals.map((one) => one.atStep + (one.abortAfter ?? 0)));
}

export const idOf = (index: number): string => `r${index}`;

/** Who comes and who goes before this step. */
export async function arrive<One extends Arrival>(
  { engine }: Harness,
  arrivals: readonly One[],
  step: number,
  ask: (one: One, index: number) => { readonly prompt: readonly number[] } & Partial<GenerateCommand>,
): Promise<void> {
  for (const [index, one] of arrivals.entries()) {
    if (one.atStep === step) {
      const { prompt, ...more } = ask(one, index);
      await engine.submit(command(idOf(index), prompt, { maxTokenCount: one.max, salt: one.salt, ...more }));
    }
    if (one.abortAfter !== null && one.atStep + one.abortAfter === step) engine.abort(idOf(index));
  }
}

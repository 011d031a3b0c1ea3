import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import type { OverflowPolicy } from '../../chat/overflow.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { contextOverflowField } from '../context-overflow.ts';
import { optional } from '../schema-field.ts';

/** Ollama's own fields: the prompt is cut, the window slides. Both are on where its clients leave them out; not here. */
export const overflowFields = {
  context_overflow: contextOverflowField,
  truncate: optional(z.boolean()).meta({
    description: 'true: context_overflow truncate_middle; false: error. Absent: engine.contextOverflow.',
  }),
  shift: optional(z.boolean()).meta({
    description: 'true: context_overflow sinks; false: the answer ends with the context.',
  }),
};

export interface OverflowBody {
  readonly context_overflow?: OverflowPolicy | null | undefined;
  readonly truncate?: boolean | null | undefined;
  readonly shift?: boolean | null | undefined;
}

/** @throws NearfarError where the fields contradict each other */
export function ollamaOverflow(
  { context_overflow: own, truncate, shift }: OverflowBody,
  keepTokenCount: number | null | undefined,
): Pick<ChatRequest, 'contextOverflow' | 'keepTokenCount'> {
  const isSaid = typeof truncate === 'boolean' || typeof shift === 'boolean';
  if (own !== undefined && own !== null && isSaid) {
    throw new NearfarError(
      'invalid_request',
      'context_overflow: says the same as truncate and shift; send only one of them.',
      { field: 'context_overflow' },
    );
  }
  if (shift === true && truncate === false) {
    throw new NearfarError(
      'unsupported',
      'shift: a window that slides takes prompts of any length; not beside "truncate": false.',
      { field: 'shift' },
    );
  }
  const policy = isSaid ? policyOf(truncate === true, shift === true) : (own ?? null);
  return {
    ...(policy === null ? {} : { contextOverflow: policy }),
    ...(typeof keepTokenCount === 'number' ? { keepTokenCount } : {}),
  };
}

function policyOf(truncates: boolean, shifts: boolean): OverflowPolicy {
  if (shifts) return 'sinks';
  return truncates ? 'truncate_middle' : 'error';
}

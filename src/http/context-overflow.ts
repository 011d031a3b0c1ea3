import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import { overflowPolicies, type ContextOverflow, type OverflowPolicy } from '../chat/overflow.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { optional } from './schema-field.ts';

/** What the dialects share of prompts and answers that are longer than the context. */

export const contextOverflowField = optional(z.enum(overflowPolicies)).meta({
  description:
    'Extension: what becomes of a prompt or answer longer than the context. Absent: engine.contextOverflow.',
});

/** OpenAI's field of /v1/responses: `auto` leaves out the middle, `disabled` is an error. */
export const truncationField = optional(z.enum(['auto', 'disabled'])).meta({
  description: 'As in /v1/responses: auto is context_overflow truncate_middle, disabled is error.',
});

type OverflowField = Pick<ChatRequest, 'contextOverflow'>;

/** @throws NearfarError `invalid_request` where the two say different things */
export function overflowField(body: {
  readonly context_overflow?: OverflowPolicy | null | undefined;
  readonly truncation?: 'auto' | 'disabled' | null | undefined;
}): OverflowField {
  const own = body.context_overflow ?? null;
  const other = body.truncation ?? null;
  const meant = other === null ? null : other === 'auto' ? 'truncate_middle' : 'error';
  if (own !== null && meant !== null && own !== meant) {
    throw new NearfarError('invalid_request', `truncation: differs from context_overflow; send only one.`, {
      field: 'truncation',
    });
  }
  const policy = own ?? meant;
  return policy === null ? {} : { contextOverflow: policy };
}

/** How an answer's usage tells it, in every dialect. */
export interface OverflowUsage {
  readonly context_overflow?: {
    readonly policy: ContextOverflow['policy'];
    readonly omitted_tokens: number;
    readonly omitted_messages: number;
  };
}

export function overflowUsage(overflow: ContextOverflow | undefined): OverflowUsage {
  if (overflow === undefined) return {};
  const { policy, omittedTokenCount, omittedMessageCount } = overflow;
  return {
    context_overflow: {
      policy,
      omitted_tokens: omittedTokenCount,
      omitted_messages: omittedMessageCount,
    },
  };
}

export const overflowUsageSchema = z
  .strictObject({
    policy: z.enum(['truncate_middle', 'sinks']),
    omitted_tokens: z.int().min(0),
    omitted_messages: z.int().min(0),
  })
  .optional()
  .meta({ description: 'Extension: what the model did not see; absent where everything fitted.' });

/** By the end of the answer where that is known, else by its beginning. */
export function overflowHeaders(parts: readonly (ChatPart | null)[]): Readonly<Record<string, string>> {
  let overflow: ContextOverflow | undefined;
  for (const part of parts) {
    if (part?.type === 'start') overflow = part.overflow;
    if (part?.type === 'finish') overflow = part.usage.overflow;
  }
  if (overflow === undefined) return {};
  return {
    'x-nearfar-context-overflow': overflow.policy,
    'x-nearfar-omitted-tokens': String(overflow.omittedTokenCount),
    'x-nearfar-omitted-messages': String(overflow.omittedMessageCount),
  };
}

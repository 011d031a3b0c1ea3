import { z } from 'zod';
import type { CapturedFilter } from './captured-store.ts';

/** What shall be forgotten: all that fits everything that is said. At least one of it is said. */
export type ForgetFilter =
  | { readonly all: true }
  | (Pick<CapturedFilter, 'requestIds' | 'keyName' | 'tenant' | 'before'> & { readonly all?: false });

const name = z.string().min(1).max(200);

/** As the running gateway is told of it. */
export const forgetSchema = z
  .union([
    z.strictObject({ all: z.literal(true) }),
    z.strictObject({
      request_ids: z.array(name).min(1).max(1000).optional(),
      key: name.optional(),
      tenant: name.optional(),
      before: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
    }),
  ])
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'expected what shall be forgotten: all, request_ids, key, tenant or before',
  });

export type ForgetBody = z.infer<typeof forgetSchema>;

/** Pure. */
export function filterOf(body: ForgetBody): ForgetFilter {
  if ('all' in body) return { all: true };
  const { request_ids: requestIds, key: keyName, tenant, before } = body;
  return {
    ...(requestIds === undefined ? {} : { requestIds }),
    ...(keyName === undefined ? {} : { keyName }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(before === undefined ? {} : { before }),
  };
}

/** Pure: the inverse of `filterOf`. */
export function bodyOf(filter: ForgetFilter): ForgetBody {
  if (filter.all === true) return { all: true };
  const { requestIds, keyName, tenant, before } = filter;
  return {
    ...(requestIds === undefined ? {} : { request_ids: [...requestIds] }),
    ...(keyName === undefined ? {} : { key: keyName }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(before === undefined ? {} : { before }),
  };
}

/** A kept answer, as far as it can be told whose it is. */
export interface KeptText {
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly owner: { readonly requestId: string; readonly tenant: string };
}

/**
 * Pure: chooses kept answers. They are shared within a tenant and do not know their key, so a key's are those of all
 * tenants that it ever asked for: rather too much is forgotten than too little.
 */
export function chooserOf(
  filter: ForgetFilter,
  tenantsOfKey: ReadonlySet<string>,
): (kept: KeptText) => boolean {
  if (filter.all === true) return () => true;
  const { requestIds, keyName, tenant, before } = filter;
  const ids = requestIds === undefined ? null : new Set(requestIds);
  return ({ madeAt, owner }) =>
    (ids === null || ids.has(owner.requestId)) &&
    (keyName === undefined || tenantsOfKey.has(owner.tenant)) &&
    (tenant === undefined || owner.tenant === tenant) &&
    (before === undefined || madeAt < before);
}

import type { Caller } from '../access/access.ts';
import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';

/**
 * The whole way of one request for vectors or scores: access -> privacy -> route -> model -> settle.
 * Writes exactly one ledger row, whatever its end.
 * @throws NearfarError
 */
export type Embed = (request: EmbedRequest, caller: Caller, signal: AbortSignal) => Promise<EmbedResult>;

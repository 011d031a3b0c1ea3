import type { Caller } from '../access/access.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';

/**
 * The whole way of one prompt: access -> privacy -> route -> kept answers -> reserve -> cache -> model -> settle.
 * Ends in exactly one `finish` or `error` part and writes exactly one ledger row, whatever its end.
 */
export type Answer = (request: ChatRequest, caller: Caller, signal: AbortSignal) => AsyncIterable<ChatPart>;

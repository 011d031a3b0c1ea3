import type { MediaPart, MediaSource } from '../chat/content.ts';
import type { ChatPart, Usage } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { UpstreamTraits } from './traits.ts';

export type ProtocolName = 'openai' | 'openai-responses' | 'anthropic' | 'ollama';

/** Whom a request is written for. */
export interface WireTarget {
  /** The model's name at the upstream. */
  readonly model: string;
  readonly traits: UpstreamTraits;
  /** Most tokens that the model writes, for protocols that must be told; null where unknown. */
  readonly maxTokenCount: number | null;
  /** For protocols that would cut a longer prompt silently; null where unknown. */
  readonly contextTokenCount: number | null;
}

export interface WireRequest {
  /** Behind the upstream's base address, e.g. `/chat/completions`. */
  readonly path: string;
  /** Becomes JSON, its keys in this order. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** One event of a stream. Of protocols that send lines, `event` is empty. */
export interface WireEvent {
  readonly event: string;
  readonly data: string;
}

/** Parts as a wire gives them; whoever sent the request knows the times. */
export type WirePart =
  Exclude<ChatPart, { type: 'finish' | 'error' }> | { readonly type: 'finish'; readonly usage: Usage };

/**
 * Reads one answer. Events in, parts out, ending in `finish`.
 * Both methods throw NearfarError: what the upstream said went wrong, or `upstream_failed` where it breaks its protocol.
 */
export interface WireReader {
  /** The upstream said that this is all: nothing more need be waited for. */
  readonly isDone: boolean;
  read(event: WireEvent): readonly WirePart[];
  /** The stream is over: what is left to say, `finish` at last. Throws where the answer was not whole. */
  end(): readonly WirePart[];
}

/** A picture or document of which the client sent the address only. */
export type NamedPart = Exclude<MediaPart, { type: 'audio' }> & {
  readonly source: Extract<MediaSource, { kind: 'url' }>;
};

/** One of the languages that upstreams speak. Pure: no sockets, no clock. */
export interface WireProtocol {
  readonly framing: 'events' | 'lines';
  /** Headers that every request has, the key among them. */
  headers(key: string | null): Readonly<Record<string, string>>;
  /** @throws NearfarError `unsupported` or `invalid_request` naming the client's field that cannot be carried over */
  request(request: ChatRequest, target: WireTarget): WireRequest;
  /** What must be read here first where the client only names an address; absent: everything. */
  needsBytes?(part: NamedPart): boolean;
  /** @param model the id that `start` names */
  createReader(model: string, choiceCount: number): WireReader;
}

import type { Access, Caller } from '../access/access.ts';
import type { RateLimits } from '../access/rate-limits.ts';
import type { Answer } from '../answer/answer.ts';
import type { Relay } from '../answer/create-relay.ts';
import type { ForgetFilter } from '../capture/forget.ts';
import type { Embed } from '../answer/embed.ts';
import type { NearfarError } from '../chat/error.ts';
import type { ModelFacts } from '../chat/model.ts';
import type { Dialect } from '../chat/request.ts';
import type { ChatInput } from '../chat/request.ts';
import type { LocalModels } from '../engine/local-models.ts';
import type { Feedback } from '../quality/feedback.ts';
import type { Judged } from '../privacy/judge.ts';
import type { KeptResponses } from '../responses/kept-responses.ts';
import type { OfferedFiles } from '../models/offered-files.ts';
import type { ModelStore } from '../models/store.ts';

/** What is read and not answered. */
export interface ReadText extends Judged {
  readonly body: unknown;
}

/** What the routes need from the rest of the program; `cli/compose.ts` puts it together. */
export interface AppDependencies {
  readonly answer: Answer;
  readonly embed: Embed;
  /** Bytes for bytes, where an upstream speaks the client's dialect; absent: there are no upstreams. */
  readonly relay?: Relay;
  readonly access: Access;
  /** Where each key stands within its minute; absent: no key has bounds. */
  readonly rates?: Pick<RateLimits, 'standing'>;
  /** Responses that clients may go on from; absent: none is kept. */
  readonly keptResponses?: KeptResponses;
  /** The models on this machine: listings, `pull` and `delete`. */
  readonly store: ModelStore;
  /** The models in memory: `ps`, load and unload. */
  readonly localModels: LocalModels;
  readonly naming: ModelNaming;
  /** Prompt tokens by the real tokenizer, chat template included. `modelId` is a resolved id. */
  readonly countTokens: (modelId: string, input: ChatInput, signal: AbortSignal) => Promise<number>;
  /** Reads a text for its session, as one that is answered is read. Absent: nobody reads. */
  readonly readText?: (text: ReadText, caller: Caller) => Promise<void>;
  /** Forgets answers that are kept in memory; returns how many. Absent: none are kept. */
  readonly forget?: (filter: ForgetFilter) => Promise<number>;
  /** What callers say of answers; absent: nobody is asked. */
  readonly feedback?: Feedback;
  /** Absent: pages get nothing but answers. */
  readonly pages?: PageServing;
  readonly metrics: MetricsPage;
  /** Whether a prompt could be answered now; /ready says 503 and the reason otherwise. */
  readonly readiness: () => Readiness;
  /** nearfar's own version, e.g. `0.1.0`. */
  readonly version: string;
  readonly limits: HttpLimits;
  readonly hosts: HostPolicy;
  /** Called with errors of our own making and of upstreams (status 500, 502); never with a client's mistakes, a full queue or a deadline. */
  readonly reportError: (error: NearfarError, requestId: string) => void;
  /** Called with each prompt that was turned away before it was read: no key, an unknown one, or one that may not ask. */
  readonly recordRefusal: (refusal: { requestId: string; dialect: Dialect; error: NearfarError }) => void;
}

/** How clients' model names become ids. */
export interface ModelNaming {
  /**
   * `auto`, `near`, an id or an alias -> the id of a model that is here.
   * @throws NearfarError `model_not_found` that lists what there is and how to alias it
   */
  readonly resolve: (name: string) => Promise<string>;
  /** Alias -> the name it stands for, from the settings. Listed beside the ids. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Models of upstreams; absent: none. */
  readonly remote?: readonly ModelFacts[];
  /** True for names and references that the catalog knows; only these and `hf:` are pulled over HTTP. */
  readonly isInCatalog: (reference: string) => boolean;
}

/** What web pages get beside answers. */
export interface PageServing {
  /** Whether the owner lets pages load this model's files. */
  readonly offersModel: (id: string) => boolean;
  readonly files: OfferedFiles;
  /** The page that is served; null: none. */
  readonly page: {
    /** Absolute. */
    readonly folder: string;
    readonly embedderPolicy: 'require-corp' | 'credentialless' | 'off';
  } | null;
}

export interface MetricsPage {
  /** E.g. `text/plain; version=0.0.4; charset=utf-8`. */
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not; null when ready. */
  readonly reason: string | null;
}

export interface HttpLimits {
  /** Largest request body, in bytes; beyond it 413. */
  readonly bodyBytes: number;
  /** Longest time a client may take to send a whole body, in milliseconds; beyond it 408. */
  readonly bodyTimeoutMs: number;
  /** Longest time a client may take to send the headers, in milliseconds. */
  readonly headerTimeoutMs: number;
  /** A reader that takes nothing off a full stream for this long is dropped and its request aborted. */
  readonly slowClientMs: number;
  /** While nothing else is sent, a stream carries a comment this often, so that proxies keep it open. */
  readonly keepAliveCommentMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyBytes: 16 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  headerTimeoutMs: 15_000,
  slowClientMs: 30_000,
  keepAliveCommentMs: 10_000,
};

/** Which web names may reach this server. Loopback names are always taken while it listens on loopback. */
export interface HostPolicy {
  /** True where the server listens on loopback only. */
  readonly isLoopback: boolean;
  /** Further `Host` names, without port, lower case. Beyond loopback an empty list takes any. */
  readonly allowedHosts: readonly string[];
  /** Web origins that may call (CORS), e.g. `https://app.example.com`; empty: none. */
  readonly allowedOrigins: readonly string[];
}

import type { ModelGrade, Timings } from './part.ts';
import type { ChatRequest } from './request.ts';

/**
 * How a model makes one vector of the many that its last layer gives: their mean, that of the first token or of the
 * last; or, with `rank`, no vector at all but a score of how well two texts go together.
 */
export type Pooling = 'mean' | 'cls' | 'last' | 'rank';

/** `tokens` are ids of the answering model's vocabulary, read as they are: nothing is put around them. */
export type EmbedInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] };

/** What is asked of a model that reads and does not write. */
export type EmbedTask =
  | {
      readonly kind: 'embed';
      readonly inputs: readonly EmbedInput[];
      /** True: what is too long is cut. False: it is an error that names both counts. */
      readonly truncates: boolean;
      /** Numbers that are wanted of each vector; `null` = all. */
      readonly dimensions: number | null;
      /** What the client's dialect calls the inputs, for errors. */
      readonly field: string;
    }
  | { readonly kind: 'rank'; readonly query: string; readonly documents: readonly string[] };

/** One request for vectors or scores, the same for every dialect. The fields are those of ChatRequest. */
export interface EmbedRequest extends Pick<
  ChatRequest,
  | 'id'
  | 'dialect'
  | 'requestedModel'
  | 'privacy'
  | 'verdict'
  | 'session'
  | 'tenant'
  | 'deadlineAt'
  | 'keepAliveSeconds'
> {
  readonly task: EmbedTask;
}

export interface EmbedResult {
  /** The id of the model that answered, never an alias. */
  readonly model: string;
  readonly grade: ModelGrade;
  readonly pooling: Pooling;
  readonly output:
    | {
        readonly kind: 'vectors';
        /** One an input, in their order, of length 1 by Euclid's measure. */
        readonly vectors: readonly Float32Array[];
        /** Inputs that were cut to the context. */
        readonly truncatedCount: number;
      }
    | {
        readonly kind: 'scores';
        /** One a document, in their order: 0 to 1 by a model with `rank` pooling, else a cosine of -1 to 1. */
        readonly scores: readonly number[];
      };
  /** Tokens that the model read, the ones that it wants around each text included. */
  readonly promptTokenCount: number;
  /** `prefillMs` is the reading; `decodeMs` is 0. */
  readonly timings: Timings;
}

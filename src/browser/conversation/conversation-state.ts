import type { NearfarError } from '../../chat/error.ts';
import type { FinishReason, Usage } from '../../chat/part.ts';
import type { PrivacyLabel } from '../../chat/request.ts';
import type { LoadProgress } from '../backend.ts';
import type { BackendStatus, NearStatus, PageDecision } from '../near.ts';

/** One turn as a person sees it. Texts are plain text. */
export interface ConversationMessage {
  /** Unique in its conversation; stays the same while the text grows. */
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** What the model thought before it spoke; empty where it tells nothing of it. */
  readonly reasoning: string;
  /** `waiting`: nothing came yet. `stopped`: by `stop`; what came so far stays. */
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  /** Which backend answers, and why; null before that is decided, and for what a person wrote. */
  readonly route: PageDecision | null;
  readonly model: string | null;
  readonly finishReason: FinishReason | null;
  readonly usage: Usage | null;
}

export interface ConversationState {
  readonly messages: readonly ConversationMessage[];
  readonly phase: 'idle' | 'preparing' | 'answering';
  /** Of a download or a load that is going on; null: none is. */
  readonly progress: LoadProgress | null;
  /** What the client's `status` said last; null: not asked yet, or no client yet. */
  readonly status: NearStatus | null;
  /** Of the last call; null where that went well or was stopped. */
  readonly error: NearfarError | null;
}

export interface ConversationOptions {
  /** Said to the model before everything else. */
  readonly system?: string;
  /** `local_only`: nothing of it leaves the page. */
  readonly privacy?: PrivacyLabel;
  /** Of an earlier visit, for instance. */
  readonly initialMessages?: readonly { readonly role: 'user' | 'assistant'; readonly text: string }[];
  /** Name of the conversation: once private, it stays so. @default a name of its own, at random */
  readonly session?: string;
  /** Tokens of one answer at most. @default as the model has it */
  readonly maxTokens?: number;
  /** 0-2; small models stray above 0.3. @default as the model has it */
  readonly temperature?: number;
  /** Only this backend. */
  readonly backend?: string;
}

/** Pure: models of the page that must be downloaded before they answer, the first choice first. */
export function downloadsIn(status: NearStatus | null): readonly BackendStatus[] {
  return (status?.backends ?? []).filter(
    ({ boundary, availability }) => boundary === 'machine' && availability.state === 'downloadable',
  );
}

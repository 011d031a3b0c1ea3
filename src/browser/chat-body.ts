/** The part of OpenAI's chat completions body that the page takes; `chat-request.ts` checks it and names what it cannot honour. */
export interface ChatBody {
  /** `auto`, `near` (only in the page), the name of a backend, or a model of the gateway's. @default 'auto' */
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly seed?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly response_format?: ResponseFormat;
  readonly tools?: readonly ToolBody[];
  readonly tool_choice?:
    | 'none'
    | 'auto'
    | 'required'
    | { readonly type: 'function'; readonly function: { readonly name: string } };
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly n?: number | null;
  readonly user?: string;
}

export type ChatMessage =
  | {
      readonly role: 'system' | 'developer';
      readonly content: string | readonly { readonly type: 'text'; readonly text: string }[];
    }
  | { readonly role: 'user'; readonly content: string | readonly ContentBody[] }
  | {
      readonly role: 'assistant';
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly type: 'function';
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    }
  | { readonly role: 'tool'; readonly content: string; readonly tool_call_id: string };

export type ContentBody =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image_url';
      readonly image_url: { readonly url: string; readonly detail?: 'low' | 'high' | 'auto' };
    }
  | {
      readonly type: 'input_audio';
      readonly input_audio: { readonly data: string; readonly format: 'wav' | 'mp3' };
    };

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly schema?: unknown;
        readonly strict?: boolean | null;
      };
    };

export interface ToolBody {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
}

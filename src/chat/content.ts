/** Where a picture or a document is: here, as base64, or at an address that somebody must read. */
export type MediaSource =
  | { readonly kind: 'data'; readonly mediaType: string; readonly base64: string }
  | { readonly kind: 'url'; readonly url: string };

/** A piece of a message. `field` is where the client put it, for errors. */
export type ContentPart = { readonly type: 'text'; readonly text: string } | MediaPart;

export type MediaPart =
  | {
      readonly type: 'image';
      readonly source: MediaSource;
      /** OpenAI's: how closely it is looked at. */
      readonly detail?: 'low' | 'high' | 'auto';
      readonly field: string;
    }
  | {
      readonly type: 'audio';
      readonly format: 'wav' | 'mp3';
      readonly base64: string;
      readonly field: string;
    }
  | {
      /** A document, e.g. a PDF. */
      readonly type: 'file';
      readonly source: MediaSource;
      readonly name?: string;
      readonly field: string;
    };

interface WithContent {
  readonly content: string;
  readonly parts?: readonly ContentPart[];
}

/** A message's text, and its parts where something in it is no text. */
export function messageContent(parts: readonly ContentPart[]): WithContent {
  const content = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return parts.some((part) => part.type !== 'text') ? { content, parts } : { content };
}

/** Everything in a conversation that is no text. */
export function mediaOf(messages: readonly object[]): readonly MediaPart[] {
  return messages.flatMap((message) =>
    partsOf(message).flatMap((part) => (part.type === 'text' ? [] : [part])),
  );
}

function partsOf(message: object): readonly ContentPart[] {
  return 'parts' in message ? (message.parts as readonly ContentPart[]) : [];
}

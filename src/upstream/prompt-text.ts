import type { ChatInput } from '../chat/request.ts';
import type { WireObject } from './wire-json.ts';

/**
 * A prompt as one text of which a longer conversation's text has nearly all as its beginning: what stands before what
 * follows it in the model's prompt stands before it here. It is compared, never sent. Pure.
 */
export function promptText(input: ChatInput): string {
  switch (input.kind) {
    case 'chat':
      return JSON.stringify(input.toolUse?.tools ?? null) + JSON.stringify(input.messages);
    case 'text':
      return input.text;
    case 'tokens':
      return input.tokens.join(',');
  }
}

const promptMembers = ['tools', 'functions', 'system', 'instructions', 'messages', 'prompt', 'input'];

/** The same of a body in any language that upstreams speak. */
export function promptTextOf(body: WireObject): string {
  return promptMembers
    .flatMap((name) => {
      const member = body[name];
      if (member === undefined) return [];
      return typeof member === 'string' ? member : JSON.stringify(member);
    })
    .join('\n');
}

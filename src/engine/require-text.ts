import { mediaOf } from '../chat/content.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';

/**
 * The models of this machine read text only.
 * @throws NearfarError `unsupported` naming the first part that is none
 */
export function requireText(input: ChatInput): void {
  const [part] = input.kind === 'chat' ? mediaOf(input.messages) : [];
  if (part === undefined) return;
  const what = { image: 'images', audio: 'sound', file: 'files' }[part.type];
  throw new NearfarError(
    'unsupported',
    `${part.field}: the models of this machine read text only, no ${what}; ask a model of an upstream by its name.`,
    { field: part.field },
  );
}

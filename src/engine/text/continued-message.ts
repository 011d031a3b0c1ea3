import { randomInt } from 'node:crypto';
import { NearfarError } from '../../chat/error.ts';
import type { Message } from '../../chat/request.ts';

/** A conversation whose last message is to go on where its text ends. */
export interface ContinuedMessage {
  /** With a mark behind the last text. */
  readonly messages: readonly Message[];
  /**
   * What the template made of the messages, up to the mark: its end of the turn, and all behind it, is left out.
   * @throws NearfarError `unsupported` where the template does not write the message out
   */
  readonly cut: (rendered: string) => string;
  /** Whether what the system and the user said is all there; templates may trim it. */
  readonly isAllIn: (rendered: string) => boolean;
}

/**
 * Finds the end of the last message in what a chat template makes of it, by a mark that no template trims or looks for
 * and no sender can guess. So the text stays as it was sent, space at its end included, which templates else trim.
 * @throws RangeError without a message
 */
export function continueLastMessage(messages: readonly Message[]): ContinuedMessage {
  const last = messages.at(-1);
  if (last === undefined) throw new RangeError('There is no message to continue.');
  const mark = `\uE003${randomInt(2 ** 47)}${randomInt(2 ** 47)}\uE004`;
  return {
    messages: [...messages.slice(0, -1), { ...last, content: last.content + mark }],
    cut(rendered) {
      const end = rendered.lastIndexOf(mark);
      if (end === -1) {
        throw new NearfarError(
          'unsupported',
          "The model's chat template leaves out the last message, so that it cannot be continued.",
          { field: 'messages' },
        );
      }
      return rendered.slice(0, end);
    },
    isAllIn: (rendered) =>
      messages.every(
        // Results of tools may be written as JSON, and so in other characters.
        ({ role, content }) => role === 'assistant' || role === 'tool' || rendered.includes(content.trim()),
      ),
  };
}

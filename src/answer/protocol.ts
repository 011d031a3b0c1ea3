import type { ChatPart } from '../chat/part.ts';

/** Says what is wrong with a part in its place, or null where it may pass. */
export type PartCheck = (part: ChatPart) => string | null;

/**
 * The order of parts that `chat/part.ts` promises to every dialect: one `start`, deltas and one `choice-end` per
 * choice, then `finish`; an `error` at any time. A model that breaks it is stopped, not passed on.
 */
export function createPartCheck(choiceCount: number): PartCheck {
  let started = false;
  let openCount = choiceCount;
  const ended = new Array<boolean>(choiceCount).fill(false);

  return (part) => {
    switch (part.type) {
      case 'start':
        if (started) return 'a second start';
        started = true;
        return null;
      case 'text-delta':
        if (!started) return 'text before start';
        return ended[part.choice] === false ? null : `text for choice ${part.choice}, which is not open`;
      case 'choice-end':
        if (!started) return 'choice-end before start';
        if (ended[part.choice] !== false) return `an end of choice ${part.choice}, which is not open`;
        ended[part.choice] = true;
        openCount -= 1;
        return null;
      case 'finish':
        if (!started) return 'finish before start';
        return openCount === 0 ? null : `finish with ${openCount} choices open`;
      case 'error':
        return null;
      default:
        // Models behind a wire can send what the types forbid.
        return 'a part of unknown type';
    }
  };
}

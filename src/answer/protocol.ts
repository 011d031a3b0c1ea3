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
  const calls = createCallCheck(choiceCount);

  return (part) => {
    switch (part.type) {
      case 'start':
        if (started) return 'a second start';
        started = true;
        return null;
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        if (!started) return `${part.type} before start`;
        if (ended[part.choice] !== false) return `${part.type} for choice ${part.choice}, which is not open`;
        return calls(part);
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

/** Calls of a choice come one after another, counted from 0, and their pieces only while they are open. */
function createCallCheck(choiceCount: number): PartCheck {
  const nextCall = new Array<number>(choiceCount).fill(0);
  const isOpen = new Array<boolean>(choiceCount).fill(false);

  return (part) => {
    if (part.type === 'tool-call-start') {
      if (part.call !== nextCall[part.choice]) return `call ${part.call} out of turn`;
      nextCall[part.choice] = part.call + 1;
      isOpen[part.choice] = true;
    } else if (part.type === 'tool-call-delta' || part.type === 'tool-call-end') {
      const isCurrent = isOpen[part.choice] === true && part.call === (nextCall[part.choice] ?? 0) - 1;
      if (!isCurrent) return `${part.type} of call ${part.call}, which is not open`;
      if (part.type === 'tool-call-end') isOpen[part.choice] = false;
    }
    return null;
  };
}

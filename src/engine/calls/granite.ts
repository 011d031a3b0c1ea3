import { readCallObject } from './call-object.ts';
import type { CallSink } from './call-sink.ts';
import type { CharacterSource, Reading } from './character-source.ts';
import { readList, type CallFrame } from './frame-reading.ts';
import { listed, type Writing } from './writing.ts';

/**
 * Granite 3 (IBM's chat templates of Granite 3.0 to 3.3): `<|tool_call|>[{"name": …, "arguments": {…}}, …]`. Granite 3.1
 * was also seen to write `<tool_call>` before the list. Granite 4 writes as Hermes does.
 */
export const graniteMark = '<|tool_call|>';
const textMark = '<tool_call>';

function frame(opener: string): CallFrame {
  return {
    opener,
    isOnlyFirst: false,
    *read(source: CharacterSource, sink: CallSink): Reading<string | null> {
      yield* source.literal(opener);
      yield* source.space();
      const isList = (yield* source.peek()) === '[';
      const isRead = isList
        ? yield* readList(source, sink, readCallObject)
        : yield* readCallObject(source, sink);
      return isRead ? source.leftover : null;
    },
  };
}

export const graniteFrames: readonly CallFrame[] = [frame(graniteMark), frame(textMark)];

export const graniteWriting: Writing = {
  ...listed,
  open: `${graniteMark}[`,
  close: ']',
  triggers: [graniteMark],
};

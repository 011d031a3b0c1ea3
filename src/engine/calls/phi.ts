import { readCallObject } from './call-object.ts';
import { optional, readList, type CallFrame } from './frame-reading.ts';
import { listed, type Writing } from './writing.ts';

/**
 * Phi-4-mini (its vocabulary and model card): `<|tool_call|>[{"name": …, "arguments": {…}}, …]<|/tool_call|>`, both marks
 * being control tokens. It also writes `functools[…]`, which it learnt of Phi-3.5's data (vLLM reads that alone).
 */
const open = '<|tool_call|>';
const close = '<|/tool_call|>';

export const phiWords: readonly string[] = [open, close];

export const phiFrames: readonly CallFrame[] = [
  {
    opener: open,
    isOnlyFirst: false,
    *read(source, sink) {
      yield* source.literal(open);
      yield* source.space();
      const isList = (yield* source.peek()) === '[';
      const isRead = isList
        ? yield* readList(source, sink, readCallObject)
        : yield* readCallObject(source, sink);
      if (!isRead) return null;
      yield* source.space();
      const taken = yield* optional(source, close);
      return taken + source.leftover;
    },
  },
  {
    opener: 'functools[',
    isOnlyFirst: false,
    *read(source, sink) {
      yield* source.literal('functools');
      return (yield* readList(source, sink, readCallObject)) ? source.leftover : null;
    },
  },
];

export const phiWriting: Writing = {
  ...listed,
  open: `${open}[`,
  close: `]${close}`,
  triggers: [open],
};

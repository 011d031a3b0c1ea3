import { readArgumentObject, readCallObject } from './call-object.ts';
import type { CallSink } from './call-sink.ts';
import type { CharacterSource, Reading } from './character-source.ts';
import { deepseekFrames } from './deepseek.ts';
import { optional, readList, readToolName, type CallFrame } from './frame-reading.ts';
import { graniteFrames } from './granite.ts';
import { phiFrames } from './phi.ts';
import { readPythonCall } from './python-call.ts';
import type { ToolFamily } from './tool-family.ts';

/** `<tool_call>{…}</tool_call>`: Hermes, Qwen, and what models without a syntax of their own are told to write. */
const tagged: CallFrame = {
  opener: '<tool_call>',
  isOnlyFirst: false,
  *read(source, sink) {
    yield* source.literal(this.opener);
    yield* source.space();
    const isList = (yield* source.peek()) === '[';
    const isRead = isList
      ? yield* readList(source, sink, readCallObject)
      : yield* readCallObject(source, sink);
    if (!isRead) return null;
    yield* source.space();
    // Some forget the closing tag: the call is whole without.
    const taken = yield* optional(source, '</tool_call>');
    return taken + source.leftover;
  },
};

/** A call object that is the whole answer; Llama 3 separates several by semicolons. */
const bareObject: CallFrame = {
  opener: '{',
  isOnlyFirst: true,
  *read(source, sink) {
    if (!(yield* readCallObject(source, sink))) return null;
    return yield* readFurtherObjects(source, sink);
  },
};

function* readFurtherObjects(source: CharacterSource, sink: CallSink): Reading<string | null> {
  for (;;) {
    yield* source.space();
    if ((yield* source.peek()) !== ';') return source.leftover;
    yield* source.take();
    yield* source.space();
    if ((yield* source.peek()) !== '{') return source.leftover;
    if (!(yield* readCallObject(source, sink))) return null;
  }
}

/** A list that is the whole answer, of call objects or of Python's calls. */
const bareList: CallFrame = {
  opener: '[',
  isOnlyFirst: true,
  *read(source, sink) {
    const isRead = yield* readList(source, sink, function* (item, itemSink) {
      return (yield* item.peek()) === '{'
        ? yield* readCallObject(item, itemSink)
        : yield* readPythonCall(item, itemSink);
    });
    return isRead ? source.leftover : null;
  },
};

/** ```tool_code with Python's calls, or ```json with a call object. */
const fenced: CallFrame = {
  opener: '```',
  isOnlyFirst: false,
  *read(source, sink) {
    yield* source.literal(this.opener);
    let language = '';
    for (let next = yield* source.peek(); next !== null && /\w/.test(next); next = yield* source.peek()) {
      language += (yield* source.take()) ?? '';
    }
    if (!['', 'json', 'tool_call', 'tool_code', 'python'].includes(language)) return null;
    yield* source.space();
    for (;;) {
      const first = yield* source.peek();
      const isRead =
        first === '{'
          ? yield* readCallObject(source, sink)
          : first === '['
            ? yield* readList(source, sink, readCallObject)
            : yield* readPythonCall(source, sink);
      if (!isRead) return null;
      yield* source.space();
      if ((yield* source.peek()) === '`' || (yield* source.peek()) === null) break;
    }
    const taken = yield* optional(source, '```');
    return taken + source.leftover;
  },
};

/** `[TOOL_CALLS][{…}, {…}]`, and `[TOOL_CALLS]name[ARGS]{…}` of later models. */
const mistral: CallFrame = {
  opener: '[TOOL_CALLS]',
  isOnlyFirst: false,
  *read(source, sink) {
    yield* source.literal(this.opener);
    yield* source.space();
    const first = yield* source.peek();
    const isRead =
      first === '['
        ? yield* readList(source, sink, readCallObject)
        : first === '{'
          ? yield* readCallObject(source, sink)
          : yield* readNamed(source, sink);
    return isRead ? source.leftover : null;
  },
};

function* readNamed(source: CharacterSource, sink: CallSink): Reading<boolean> {
  const name = yield* readToolName(source);
  if (!sink.knows(name)) return false;
  for (;;) {
    yield* source.space();
    if ((yield* source.peek()) !== '[') break;
    yield* source.take();
    if ((yield* source.peek()) === 'A') {
      if (!(yield* source.literal('ARGS]'))) return false;
    } else {
      if (!(yield* source.literal('CALL_ID]'))) return false;
      yield* readToolName(source);
    }
  }
  sink.begin(name);
  const isRead = yield* readArgumentObject(source, (text) => {
    sink.argue(text);
  });
  if (isRead) sink.complete();
  return isRead;
}

/** `<|python_tag|>` before call objects, or before calls of built-in tools. */
const pythonTag: CallFrame = {
  opener: '<|python_tag|>',
  isOnlyFirst: false,
  *read(source, sink) {
    yield* source.literal(this.opener);
    yield* source.space();
    if ((yield* source.peek()) !== '{') return (yield* readPythonCall(source, sink)) ? source.leftover : null;
    return (yield* readCallObject(source, sink)) ? yield* readFurtherObjects(source, sink) : null;
  },
};

/** `<function=name>{…}</function>`: how Llama 3.1 was shown custom functions. */
const functionTag: CallFrame = {
  opener: '<function=',
  isOnlyFirst: false,
  *read(source, sink) {
    yield* source.literal(this.opener);
    const name = yield* readToolName(source);
    if (!sink.knows(name) || !(yield* source.literal('>'))) return null;
    yield* source.space();
    sink.begin(name);
    const isRead = yield* readArgumentObject(source, (text) => {
      sink.argue(text);
    });
    if (!isRead) return null;
    sink.complete();
    yield* source.space();
    const taken = yield* optional(source, '</function>');
    return taken + source.leftover;
  },
};

/** The first frame whose opener stands there is tried. Harmony's messages have a parser of their own (harmony-parser.ts). */
export const callFrames: Readonly<Record<ToolFamily, readonly CallFrame[]>> = {
  hermes: [tagged, bareObject],
  llama: [pythonTag, functionTag, bareObject],
  mistral: [mistral],
  'mistral-named': [mistral],
  gemma: [fenced, bareObject, bareList],
  generic: [tagged, fenced, bareObject],
  deepseek: deepseekFrames,
  'deepseek-named': deepseekFrames,
  granite: graniteFrames,
  phi: phiFrames,
  harmony: [],
};

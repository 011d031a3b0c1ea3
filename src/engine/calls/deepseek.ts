import type { CallSink } from './call-sink.ts';
import { readArgumentObject } from './call-object.ts';
import type { CharacterSource, Reading } from './character-source.ts';
import { oneOf, optional, readToolName, type CallFrame } from './frame-reading.ts';
import type { Writing } from './writing.ts';

/**
 * DeepSeek's calls (chat templates of DeepSeek-V3, -R1 and -V3.1). All words are control tokens.
 *
 * V3 and R1, one or more calls with a line break between:
 * `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME\n```json\n{…}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>`
 *
 * V3.1: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{…}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`
 */
const callsBegin = '<｜tool▁calls▁begin｜>';
const callBegin = '<｜tool▁call▁begin｜>';
const separator = '<｜tool▁sep｜>';
const callEnd = '<｜tool▁call▁end｜>';
const callsEnd = '<｜tool▁calls▁end｜>';

export const deepseekWords: readonly string[] = [callsBegin, callBegin, separator, callEnd, callsEnd];

/** Both forms: which one it is shows behind the separator. Closing words that are left out are not missed. */
function* readCalls(source: CharacterSource, sink: CallSink): Reading<string | null> {
  yield* source.space();
  if (!(yield* source.literal(callBegin))) return null;
  for (;;) {
    if (!(yield* readCall(source, sink))) return null;
    for (;;) {
      yield* source.space();
      const next = yield* oneOf(source, [callBegin, callEnd, callsEnd]);
      if (next.word === callBegin) break;
      if (next.word === callsEnd) return source.leftover;
      if (next.word === null) return next.taken + source.leftover;
    }
  }
}

function* readCall(source: CharacterSource, sink: CallSink): Reading<boolean> {
  let name = yield* readToolName(source);
  if (!(yield* source.literal(separator))) return false;
  yield* source.space();
  let isFenced = false;
  if ((yield* source.peek()) !== '{') {
    // What stood before was the kind of the call.
    name = yield* readToolName(source);
    yield* source.space();
    isFenced = (yield* source.peek()) === '`';
    if (isFenced && !(yield* source.literal('```json'))) return false;
    yield* source.space();
  }
  if (!sink.knows(name)) return false;
  sink.begin(name);
  const isRead = yield* readArgumentObject(source, (text) => {
    sink.argue(text);
  });
  if (!isRead) return false;
  sink.complete();
  yield* source.space();
  if (isFenced && (yield* source.peek()) === '`') yield* optional(source, '```');
  return true;
}

export const deepseekFrames: readonly CallFrame[] = [
  {
    opener: callsBegin,
    isOnlyFirst: false,
    *read(source, sink) {
      yield* source.literal(callsBegin);
      return yield* readCalls(source, sink);
    },
  },
  // R1 sometimes leaves the outer word out.
  { opener: callBegin, isOnlyFirst: false, read: readCalls },
];

const around = {
  open: callsBegin,
  close: callsEnd,
  // Not the inner word alone: what follows a trigger begins with the outer one.
  triggers: [callsBegin],
  openers: [],
  mark: null,
} as const;

export const deepseekWriting: Writing = {
  ...around,
  before: (name) => `${callBegin}function${separator}${name}\n\`\`\`json\n`,
  after: `\n\`\`\`${callEnd}`,
  separator: '\n',
};

export const deepseekNamedWriting: Writing = {
  ...around,
  before: (name) => `${callBegin}${name}${separator}`,
  after: callEnd,
  separator: '',
};

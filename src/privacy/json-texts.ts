/** What a JSON value says, as texts that detectors read. */
export interface JsonTexts {
  /** Every string, number of many digits and key, long ones by themselves, short ones as `key: value` lines of what they belong to. */
  readonly texts: readonly string[];
  /** Names that programs give things (`tool_call_id`, `user`): random words in them open nothing. */
  readonly identifiers: readonly string[];
  /** Kinds of what no detector here reads: `image`, `audio`, `file`, `tokens`. */
  readonly unread: ReadonlySet<UnreadKind>;
}

export type UnreadKind = 'image' | 'audio' | 'file' | 'tokens';

/** Words of the dialects' and our own grammar: as keys they say nothing, and what stands under them is read by itself. */
const grammarKeys: ReadonlySet<string> = new Set(
  (
    'arguments audio body choice content custom data description detail dialect document documents effort enum field ' +
    'file function function_call functions id image image_url images input input_audio input_schema instructions ' +
    'items json_schema kind messages metadata model name output outputFormat parameters parts prompt properties query ' +
    'reasoning refusal required response_format role schema source stop stream strict suffix summary system task text ' +
    'id tool_call_id toolCallId call_id tool_use_id item_id object status format thinking tool_calls tool_choice toolCalls toolUse tools type url user value'
  ).split(' '),
);

/** Values under these are words of the grammar as long as they look like one. */
const wordKeys: ReadonlySet<string> = new Set([
  'role',
  'type',
  'kind',
  'field',
  'object',
  'status',
  'format',
]);
const grammarWord = /^[a-z][a-z_]{0,31}$|^(?:messages|tools|input|system|prompt)[\w.[\]]*$/;

const identifierKeys: ReadonlySet<string> = new Set(
  (
    'id tool_call_id toolCallId call_id tool_use_id item_id user user_id session_id thread_id conversation_id device_id ' +
    'account_uuid organization_uuid safety_identifier prompt_cache_key previous_response_id conversation signature ' +
    'encrypted_content file_id model'
  ).split(' '),
);

const unreadTypes: Readonly<Record<string, UnreadKind>> = {
  image: 'image',
  image_url: 'image',
  input_image: 'image',
  image_file: 'image',
  video: 'image',
  video_url: 'image',
  computer_screenshot: 'image',
  audio: 'audio',
  input_audio: 'audio',
  audio_url: 'audio',
  file: 'file',
  input_file: 'file',
  document: 'file',
  container_upload: 'file',
};

/** Where bytes of a picture, a sound or a file stand. */
const byteKeys: Readonly<Record<string, UnreadKind>> = {
  image_url: 'image',
  images: 'image',
  input_audio: 'audio',
  file_data: 'file',
  file_url: 'file',
};

/** Prompts that are ids of a vocabulary. */
const tokenKeys: ReadonlySet<string> = new Set(['prompt', 'input', 'inputs', 'tokens', 'context']);

/** Shorter strings are read together with their keys and neighbours. */
const longLength = 64;
/** Numbers from here on may be somebody's. */
const longNumber = 100_000;
/** Characters of base64 behind which nobody wrote a word by hand. */
const bytesLength = 256;

interface Step {
  readonly key: string;
  readonly value: unknown;
  /** Within a picture, a sound or a file: its bytes are read by nobody. */
  readonly within: UnreadKind | null;
  readonly depth: number;
  /** Of a list, whose key was read with it. */
  readonly isElement: boolean;
  readonly lines: string[];
}

/** Pure. Of any JSON: bodies of all dialects and our own requests. No key is left out because it is new. */
export function jsonTexts(value: unknown): JsonTexts {
  const texts: string[] = [];
  const identifiers: string[] = [];
  const unread = new Set<UnreadKind>();
  const allLines: string[][] = [];
  const open = (): string[] => {
    const lines: string[] = [];
    allLines.push(lines);
    return lines;
  };
  const steps: Step[] = [{ key: '', value, within: null, depth: 0, isElement: false, lines: open() }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { key, value: one, within, depth, lines } = step;
    if (typeof one === 'string') {
      readString(step, texts, identifiers, unread);
    } else if (typeof one === 'number' || typeof one === 'bigint') {
      // At the top they are options of sampling.
      if (depth > 1 && Math.abs(Number(one)) >= longNumber) lines.push(`${key}: ${String(one)}`);
      else if (!step.isElement && !saysNothing(key)) lines.push(key);
    } else if (Array.isArray(one)) {
      if (tokenKeys.has(key) && isTokens(one)) {
        unread.add('tokens');
        continue;
      }
      if (!step.isElement && !saysNothing(key)) lines.push(`${key}:`);
      for (let index = one.length - 1; index >= 0; index--) {
        // What is told turn by turn is read turn by turn, so that what was read before is known.
        const own = depth <= 3 ? open() : lines;
        steps.push({ key, value: one[index], within, depth: depth + 1, isElement: true, lines: own });
      }
    } else if (typeof one === 'object' && one !== null) {
      if (!step.isElement && !saysNothing(key)) lines.push(`${key}:`);
      const kind = within ?? unreadKindOf(one as Readonly<Record<string, unknown>>);
      if (kind !== null) unread.add(kind);
      const names = Object.keys(one);
      for (let index = names.length - 1; index >= 0; index--) {
        const name = names[index] ?? '';
        const inner = (one as Readonly<Record<string, unknown>>)[name];
        if (inner === undefined) continue;
        const isEmpty = inner === null || inner === '' || typeof inner === 'boolean';
        if (!isEmpty) {
          steps.push({ key: name, value: inner, within: kind, depth: depth + 1, isElement: false, lines });
        } else if (!saysNothing(name)) lines.push(name);
      }
    }
  }
  for (const lines of allLines) if (lines.length > 0) texts.push(lines.join('\n'));
  return { texts, identifiers, unread };
}

function readString(step: Step, texts: string[], identifiers: string[], unread: Set<UnreadKind>): void {
  const { key, within, lines } = step;
  const text = step.value as string;
  if (wordKeys.has(key) && grammarWord.test(text)) return;
  const bytesKind = within ?? (Object.hasOwn(byteKeys, key) ? (byteKeys[key] ?? null) : null);
  if (isBytes(text)) {
    // Only where it was counted as unread may it pass unread.
    if (bytesKind !== null || text.startsWith('data:')) {
      unread.add(bytesKind ?? 'file');
      if (!step.isElement && !saysNothing(key)) lines.push(key);
      return;
    }
  } else if (bytesKind !== null && within === null) unread.add(bytesKind);
  if (identifierKeys.has(key) && !/\s/.test(text)) identifiers.push(text);
  else if (saysNothing(key)) texts.push(text);
  else if (text.length < longLength) lines.push(`${key}: ${text}`);
  else texts.push(`${key}: ${text}`);
}

function saysNothing(key: string): boolean {
  return key === '' || grammarKeys.has(key);
}

function isBytes(text: string): boolean {
  if (text.startsWith('data:')) return /^data:[^,]{0,200};base64,/i.test(text);
  return text.length >= bytesLength && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}

/** A document may be a text; then it is read. */
function unreadKindOf(one: Readonly<Record<string, unknown>>): UnreadKind | null {
  const { type, source } = one;
  if (typeof type !== 'string' || !Object.hasOwn(unreadTypes, type)) return null;
  if (type === 'document' && typeof source === 'object' && source !== null && 'type' in source) {
    if (source.type === 'text' || source.type === 'content') return null;
  }
  // `{"type": "file"}` of a schema carries nothing.
  const carries = Object.keys(one).some((name) => name !== 'type' && name !== 'description');
  return carries ? (unreadTypes[type] ?? null) : null;
}

function isTokens(list: readonly unknown[]): boolean {
  const [first] = list;
  return typeof first === 'number' || (Array.isArray(first) && typeof first[0] === 'number');
}

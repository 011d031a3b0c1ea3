import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';
import type { KeyedHash } from '../promptcache/keyed-hash.ts';
import type { CheckByModel, JudgedCaller } from './judge.ts';
import { jsonTexts } from './json-texts.ts';

export interface CheckByModelSetup {
  /** Asks the near model and no other; writes the ledger's row of that. */
  readonly ask: (request: ChatRequest, caller: JudgedCaller, signal: AbortSignal) => AsyncIterable<ChatPart>;
  readonly createId: () => string;
  /** Under a key of this process. */
  readonly hash: KeyedHash;
  /** Milliseconds for all texts of a request. @default 30,000 */
  readonly timeoutMs?: number;
}

/** Characters that the model reads at once; what is longer is asked piece by piece. */
const pieceLength = 6000;
/** Pieces of one request; what is longer nobody has read to its end, so it is sensitive. */
const longestPieces = 8;
const keptCount = 10_000;

/** Tokens that an answer may have. */
export const checkTokenCount = 24;

const question =
  'You are given a text. Does it tell something about a real person or organisation that should stay private: who they are, where ' +
  'they live, their health, money, family, work, legal matters, passwords or plans? A question of general knowledge, an exercise, ' +
  'fiction or code does not. Answer with JSON: {"private": true} or {"private": false}. When unsure, answer true.';

/** What the near model is asked about one piece of text. */
export function checkMessages(text: string): readonly { role: 'system' | 'user'; content: string }[] {
  return [
    { role: 'system', content: question },
    { role: 'user', content: `The text:\n"""\n${text}\n"""` },
  ];
}

/** Whether its answer lets the text go; whatever else it says does not. */
export function letsGo(answer: string): boolean {
  return /^\s*\{\s*"private"\s*:\s*false\s*\}\s*$/.test(answer);
}

/** The form that it is held to. */
export const checkSchema = {
  type: 'object',
  properties: { private: { type: 'boolean' } },
  required: ['private'],
  additionalProperties: false,
};

/**
 * Asks the near model what no pattern can find. Only a plain `{"private": false}` for every piece lets a request go on; an error,
 * another answer, a text too long or a deadline is a yes. Texts that were found harmless before are not asked about again.
 */
export function createCheckByModel(setup: CheckByModelSetup): CheckByModel {
  const { ask, createId, hash, timeoutMs = 30_000 } = setup;
  const harmless = new Set<string>();

  async function isHarmless(
    text: string,
    requestOf: (text: string) => ChatRequest,
    caller: JudgedCaller,
    signal: AbortSignal,
  ) {
    let answer = '';
    for await (const part of ask(requestOf(text), caller, signal)) {
      if (part.type === 'text-delta') answer += part.text;
      if (part.type === 'error') return false;
    }
    return letsGo(answer);
  }

  return async (value, request, caller) => {
    const { texts, identifiers } = jsonTexts(value);
    const pieces = piecesOf([...texts, ...identifiers].join('\n\n')).map((text) => ({
      text,
      key: hash(JSON.stringify([request.tenant, text]), 32),
    }));
    if (pieces.length > longestPieces) return true;
    const signal = AbortSignal.timeout(timeoutMs);
    const requestOf = (text: string): ChatRequest => ({
      id: createId(),
      dialect: 'internal',
      requestedModel: 'near',
      input: {
        kind: 'chat',
        messages: checkMessages(text),
      },
      sampling: { ...neutralSampling, temperature: 0 },
      stop: [],
      maxTokenCount: checkTokenCount,
      choiceCount: 1,
      topLogprobCount: null,
      isStreamed: false,
      privacy: 'local_only',
      tenant: request.tenant,
      priority: 'default',
      answerCache: 'off',
      deadlineAt: Date.now() + timeoutMs,
      outputFormat: {
        type: 'json_schema',
        schema: checkSchema,
        name: null,
        strict: true,
        field: 'privacy.check',
      },
      ignoreEndOfGeneration: false,
      keepAliveSeconds: null,
    });
    for (const { text, key } of pieces) {
      if (text.trim() === '' || harmless.has(key)) continue;
      try {
        if (!(await isHarmless(text, requestOf, caller, signal))) return true;
      } catch {
        return true;
      }
      if (harmless.size >= keptCount) harmless.clear();
      harmless.add(key);
    }
    return false;
  };
}

function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieceLength) pieces.push(text.slice(at, at + pieceLength));
  return pieces;
}

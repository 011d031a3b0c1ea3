import type { ChatPart, FinishReason, TokenLogprob } from '../../chat/part.ts';
import { newCallId } from '../calls/call-id.ts';
import type { ReasoningLimit } from '../calls/reasoning-splitter.ts';
import type { ReplyEvent, ReplyParser } from '../calls/reply-parser.ts';
import { tokenLogprobs } from '../sampling/logprobs.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { AnswerGrammar } from './answer-grammar.ts';
import type { Detokenizer } from './detokenizer.ts';
import { forcedTokenLimit, type ForcedTokens } from './forced-tokens.ts';
import type { StopMatcher } from './stop-matcher.ts';

/** What an answer consists of, before its end. */
export type ReplyPart = Exclude<ChatPart, { type: 'start' | 'choice-end' | 'finish' | 'error' }>;
export type ChoiceEnd = Extract<ChatPart, { type: 'choice-end' }>;

export interface ChoiceSetup {
  readonly choiceIndex: number;
  readonly sampler: Sampler;
  readonly detokenizer: Detokenizer;
  readonly stopMatcher: StopMatcher;
  /** Finds reasoning and calls in what is not swallowed by a stop string; absent or null: all is text. */
  readonly replyParser?: ReplyParser | null;
  /** Absent or null: reasoning has no bound of its own. */
  readonly reasoningLimit?: ReasoningLimit | null;
  /** A token's raw bytes, for logprobs. */
  readonly pieceOf: (token: number) => Uint8Array;
  /** Tokens after which the choice ends with reason `length`; at least 1. */
  readonly maxTokenCount: number;
  readonly isEndOfGeneration: (token: number) => boolean;
  readonly ignoreEndOfGeneration: boolean;
  /** `null`: no logprobs; otherwise alternatives per token, 0-20. */
  readonly topLogprobCount: number | null;
  /** What the answer must match; `null` = anything. Freed at the end of the choice. */
  readonly grammar: AnswerGrammar | null;
  /** Tokens that the grammar leaves no choice about are taken without a draw; absent or null: all are drawn. */
  readonly forcedTokens?: ForcedTokens | null;
}

export interface ChoiceStep {
  /** At least one token: to be decoded next, unless the choice has ended. */
  readonly tokens: readonly number[];
  /** How many of them were not drawn. */
  readonly forcedTokenCount: number;
  readonly parts: readonly ReplyPart[];
  readonly end: ChoiceEnd | null;
}

/** One answer being written: takes the tokens of a step and turns them into parts. */
export interface Choice {
  /**
   * Draws the next token from the logits, and takes those that must follow it. Where an answer begins with such, or had
   * more of them than a step takes, these come first and nothing is drawn. Not to be called after the end.
   * @throws NearfarError as `Sampler.sample` does
   */
  advance(logits: Float32Array): ChoiceStep;
  /** Tokens taken so far; the one that ended the generation counts, as at OpenAI and in llama-server. */
  readonly tokenCount: number;
  /** Of those, how many were taken inside the reasoning; null where the model's reasoning is not known. */
  readonly reasoningTokenCount: number | null;
  /** Tokens that may still be taken. */
  readonly remainingTokenCount: number;
  /** Frees what it holds outside of JavaScript; may be called again, and after the end. */
  close(): void;
}

interface Ending {
  readonly parts: readonly ReplyPart[];
  readonly end: ChoiceEnd;
}

type TakenToken = Ending | { readonly parts: readonly ReplyPart[]; readonly end: null };

/** A token's logprob that waits until the text it belongs to may be shown. Offsets are UTF-16 units of the answer. */
interface WaitingLogprob {
  readonly start: number;
  readonly end: number;
  readonly logprob: TokenLogprob;
}

/**
 * Logprobs travel with the text that they belong to: what a stop string may swallow waits with its text, and
 * tokens wholly inside a stop string, like those that end the generation, report none.
 */
export function createChoice(setup: ChoiceSetup): Choice {
  const { choiceIndex, sampler, detokenizer, stopMatcher, maxTokenCount, topLogprobCount, grammar } = setup;
  const replyParser = setup.replyParser ?? null;
  // A token that was not drawn has no logprobs to show.
  const forcedTokens = topLogprobCount === null ? (setup.forcedTokens ?? null) : null;
  const waiting: WaitingLogprob[] = [];
  let tokenCount = 0;
  /** Whether forced tokens may stand here that were not looked for yet. */
  let mayGoOn = true;
  let reasoningTokenCount = 0;
  const reasoningLimit = setup.reasoningLimit ?? { tokenCount: Infinity, closing: [] };
  /** Of the closing tokens, how many were written. */
  let closedCount = 0;
  let callIndex = -1;
  /** Length of all decoded text, shown or held. */
  let decodedLength = 0;
  let shownLength = 0;

  function note(token: number, logits: Float32Array, start: number): void {
    if (topLogprobCount === null) return;
    const { logprob, top } = tokenLogprobs(logits, token, topLogprobCount);
    waiting.push({
      start,
      // A token that ends inside a character belongs to that character, which is still to come.
      end: decodedLength + (detokenizer.hasPending() ? 1 : 0),
      logprob: {
        token,
        bytes: [...setup.pieceOf(token)],
        logprob,
        top: top.map((other) => ({ ...other, bytes: [...setup.pieceOf(other.token)] })),
      },
    });
  }

  function show(text: string, isLast: boolean): readonly ReplyPart[] {
    shownLength += text.length;
    const parts = replyParts(text, isLast);
    if (topLogprobCount === null) return parts;
    let ready = 0;
    for (const entry of waiting) {
      const isShown = entry.end <= shownLength || (isLast && entry.start < shownLength);
      if (!isShown) break;
      ready += 1;
    }
    const logprobs = waiting.splice(0, ready).map((entry) => entry.logprob);
    if (logprobs.length === 0) return parts;
    // With the first text, so that they arrive together; beside reasoning and calls on their own.
    const first = parts.findIndex((part) => part.type === 'text-delta');
    if (first < 0) return [{ type: 'text-delta', choice: choiceIndex, text: '', logprobs }, ...parts];
    return parts.map((part, index) =>
      index === first && part.type === 'text-delta' ? { ...part, logprobs } : part,
    );
  }

  function replyParts(text: string, isLast: boolean): readonly ReplyPart[] {
    if (replyParser === null) return text === '' ? [] : [{ type: 'text-delta', choice: choiceIndex, text }];
    const events = replyParser.push(text);
    return (isLast ? [...events, ...replyParser.flush()] : events).map(replyPart);
  }

  function replyPart(event: ReplyEvent): ReplyPart {
    switch (event.type) {
      case 'text':
        return { type: 'text-delta', choice: choiceIndex, text: event.text };
      case 'reasoning':
        return { type: 'reasoning-delta', choice: choiceIndex, text: event.text };
      case 'call': {
        callIndex += 1;
        const id = newCallId();
        return { type: 'tool-call-start', choice: choiceIndex, call: callIndex, id, name: event.name };
      }
      case 'arguments':
        return { type: 'tool-call-delta', choice: choiceIndex, call: callIndex, arguments: event.text };
      case 'call-end':
        return { type: 'tool-call-end', choice: choiceIndex, call: callIndex };
    }
  }

  /** Lets go of everything held back; a stop string may still complete in it. */
  function finish(before: string, reason: 'stop' | 'length'): Ending {
    const rest = detokenizer.flush();
    decodedLength += rest.length;
    const match = stopMatcher.push(rest);
    if (match.matched !== null) return stopAt(before + match.text, match.matched);
    return ending(before + match.text + stopMatcher.flush(), reason);
  }

  function stopAt(text: string, stopSequence: string): Ending {
    return ending(text, 'stop_sequence', stopSequence);
  }

  function ending(text: string, reason: FinishReason, stopSequence?: string): Ending {
    const parts = show(text, true);
    const end = { type: 'choice-end', choice: choiceIndex } as const;
    // Whoever made calls waits for their results, whatever stopped it; not so an answer that was cut short.
    if (reason !== 'length' && (replyParser?.callCount ?? 0) > 0) {
      return { parts, end: { ...end, reason: 'tool_calls' } };
    }
    return { parts, end: { ...end, reason, ...(stopSequence === undefined ? {} : { stopSequence }) } };
  }

  /** The next of the tokens that close the reasoning, where it has reached its bound. */
  function closingToken(): number | null {
    const isDue = replyParser?.isReasoning === true && reasoningTokenCount >= reasoningLimit.tokenCount;
    if (closedCount === 0 && !isDue) return null;
    const token = reasoningLimit.closing[closedCount] ?? null;
    if (token === null || grammar?.allows(token) === false) return null;
    closedCount += 1;
    return token;
  }

  /** @param logits what the token was drawn from; `null` where it was not drawn */
  function take(token: number, logits: Float32Array | null): TakenToken {
    sampler.accept(token);
    grammar?.accept(token);
    forcedTokens?.accept(token);
    tokenCount += 1;
    if (replyParser?.isReasoning === true) reasoningTokenCount += 1;
    if (!setup.ignoreEndOfGeneration && setup.isEndOfGeneration(token)) return finish('', 'stop');
    const start = decodedLength;
    const text = detokenizer.push(token);
    decodedLength += text.length;
    if (logits !== null) note(token, logits, start);
    const match = stopMatcher.push(text);
    if (match.matched !== null) return stopAt(match.text, match.matched);
    if (grammar?.isComplete() === true) return finish(match.text, 'stop');
    if (tokenCount >= maxTokenCount) return finish(match.text, 'length');
    return { parts: show(match.text, false), end: null };
  }

  function advance(logits: Float32Array): ChoiceStep {
    const tokens: number[] = [];
    const parts: ReplyPart[] = [];
    let end: ChoiceEnd | null = null;
    /** False where the answer ends with it. */
    const add = (token: number, from: Float32Array | null): boolean => {
      const taken = take(token, from);
      tokens.push(token);
      for (const part of taken.parts) pushJoined(parts, part);
      ({ end } = taken);
      return taken.end === null;
    };
    const addForced = (): void => {
      const isClosing = closedCount > 0 && closedCount < reasoningLimit.closing.length;
      if (forcedTokens === null || isClosing) return;
      const run = forcedTokens.next();
      mayGoOn = run.length === forcedTokenLimit;
      for (const token of run) if (!add(token, null)) break;
    };
    if (mayGoOn) addForced();
    const undrawnCount = tokens.length;
    if (undrawnCount === 0 && add(closingToken() ?? sampler.sample(logits, grammar), logits)) addForced();
    return { tokens, forcedTokenCount: undrawnCount || tokens.length - 1, parts, end };
  }

  return {
    advance(logits) {
      const step = advance(logits);
      if (step.end !== null) grammar?.free();
      return step;
    },
    close() {
      grammar?.free();
    },
    get tokenCount() {
      return tokenCount;
    },
    get reasoningTokenCount() {
      return replyParser?.knowsReasoning === true ? reasoningTokenCount : null;
    },
    get remainingTokenCount() {
      return maxTokenCount - tokenCount;
    },
  };
}

/** Adds a part, to the last one where both are text of the same kind: each part becomes an event of its own. */
function pushJoined(parts: ReplyPart[], part: ReplyPart): void {
  const last = parts.at(-1);
  if (last?.type === 'text-delta' && part.type === 'text-delta' && !last.logprobs && !part.logprobs) {
    parts[parts.length - 1] = { ...last, text: last.text + part.text };
  } else if (last?.type === 'tool-call-delta' && part.type === 'tool-call-delta' && last.call === part.call) {
    parts[parts.length - 1] = { ...last, arguments: last.arguments + part.arguments };
  } else parts.push(part);
}

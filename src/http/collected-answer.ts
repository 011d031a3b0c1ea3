import { toNearfarError } from '../chat/error.ts';
import type { ToolCall } from '../chat/tool.ts';
import type { ChatPart, FinishReason, Timings, TokenLogprob, Usage } from '../chat/part.ts';

export interface CollectedCall extends ToolCall {
  /** False for one that the end of the answer cut short: its arguments are no JSON yet. */
  readonly isWhole: boolean;
}

/** A stretch of an answer. */
export type CollectedBlock =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  | { readonly type: 'call'; readonly call: CollectedCall };

export interface CollectedChoice {
  /** In the order in which it came. */
  readonly blocks: readonly CollectedBlock[];
  /** All its text, and all its reasoning. */
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly CollectedCall[];
  readonly reason: FinishReason;
  readonly stopSequence: string | null;
  readonly logprobs: readonly TokenLogprob[];
}

export interface CollectedAnswer {
  readonly model: string;
  readonly choices: readonly CollectedChoice[];
  readonly usage: Usage;
  readonly timings: Timings;
}

/**
 * The parts of an answer that went well, put together.
 * @throws NearfarError `internal` where the parts do not make a whole answer
 */
export function collectAnswer(parts: readonly ChatPart[], choiceCount: number): CollectedAnswer {
  const blocksOf: CollectedBlock[][] = [];
  const logprobs: TokenLogprob[][] = [];
  const ends: Extract<ChatPart, { type: 'choice-end' }>[] = [];
  let model: string | undefined;
  let finish: Extract<ChatPart, { type: 'finish' }> | undefined;
  for (const part of parts) {
    switch (part.type) {
      case 'start':
        model = part.model;
        break;
      case 'text-delta':
        addText((blocksOf[part.choice] ??= []), 'text', part.text);
        if (part.logprobs !== undefined) (logprobs[part.choice] ??= []).push(...part.logprobs);
        break;
      case 'reasoning-delta':
        addText((blocksOf[part.choice] ??= []), 'reasoning', part.text);
        break;
      case 'tool-call-start': {
        const call = { id: part.id, name: part.name, arguments: '', isWhole: false };
        (blocksOf[part.choice] ??= []).push({ type: 'call', call });
        break;
      }
      case 'tool-call-delta':
        changeCall(blocksOf[part.choice], (call) => ({
          ...call,
          arguments: call.arguments + part.arguments,
        }));
        break;
      case 'tool-call-end':
        changeCall(blocksOf[part.choice], (call) => ({ ...call, isWhole: true }));
        break;
      case 'choice-end':
        ends[part.choice] = part;
        break;
      case 'finish':
        finish = part;
        break;
      case 'error':
        throw part.error;
    }
  }
  if (model === undefined || finish === undefined) throw incomplete('has no start or no finish');
  return {
    model,
    usage: finish.usage,
    timings: finish.timings,
    choices: Array.from({ length: choiceCount }, (_, choice) => {
      const end = ends[choice];
      if (end === undefined) throw incomplete(`lacks the end of choice ${choice}`);
      const blocks = blocksOf[choice] ?? [];
      return {
        blocks,
        text: textOf(blocks, 'text'),
        reasoning: textOf(blocks, 'reasoning'),
        calls: blocks.flatMap((block) => (block.type === 'call' ? [block.call] : [])),
        reason: end.reason,
        stopSequence: end.stopSequence ?? null,
        logprobs: logprobs[choice] ?? [],
      };
    }),
  };
}

function addText(blocks: CollectedBlock[], type: 'text' | 'reasoning', text: string): void {
  if (text === '') return;
  const last = blocks.at(-1);
  if (last?.type === type) blocks[blocks.length - 1] = { type, text: last.text + text };
  else blocks.push({ type, text });
}

/** The call that is open is the last block. */
function changeCall(
  blocks: CollectedBlock[] | undefined,
  change: (call: CollectedCall) => CollectedCall,
): void {
  const last = blocks?.at(-1);
  if (blocks === undefined || last?.type !== 'call') throw incomplete('continues a call that is not open');
  blocks[blocks.length - 1] = { type: 'call', call: change(last.call) };
}

function textOf(blocks: readonly CollectedBlock[], type: 'text' | 'reasoning'): string {
  return blocks.map((block) => (block.type === type ? block.text : '')).join('');
}

function incomplete(what: string): Error {
  return toNearfarError(new Error(`The answer ${what}.`));
}

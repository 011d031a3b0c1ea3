import type { ChatInput } from '../chat/request.ts';
import { blockTokenCount, type PromptBlock, type PromptBlocks } from './prompt-block.ts';

/** Pure: a prompt in the vocabulary of this program, for models whose own prefixes are found by the engine. */
export function chatBlocks(input: ChatInput): PromptBlocks {
  const blocks: PromptBlock[] = [];
  const add = (place: PromptBlock['place'], text: string): void => {
    if (text === '') return;
    const tokenCount = blockTokenCount('text', text);
    blocks.push({ place, path: [], text, tokenCount, isMarkable: true, speaker: null, run: null });
  };
  if (input.kind === 'chat') {
    for (const tool of input.toolUse?.tools ?? []) add('tools', JSON.stringify(tool));
    let isLeading = true;
    for (const message of input.messages) {
      isLeading &&= message.role === 'system';
      const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
      const said = calls.length === 0 ? message.content : `${message.content}\n${JSON.stringify(calls)}`;
      add(isLeading ? 'system' : 'message', `${message.role}\n${said}`);
    }
  } else if (input.kind === 'text') add('message', input.text);
  return { blocks, messageSettings: '', hasMarks: false };
}

import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, Message } from '../../chat/request.ts';
import { commonLength } from '../prefix-tree.ts';
import { defaultSinkTokenCount } from './window-layout.ts';

export interface SinkCountOptions {
  readonly input: ChatInput;
  readonly tokens: readonly number[];
  /** As in ChatRequest. */
  readonly asked: number | undefined;
  readonly windowTokenCount: number;
  readonly read: (input: ChatInput) => Promise<Int32Array>;
}

/**
 * How many of a prompt's first tokens stay while the window slides: what was asked for, else the system text (with the
 * tools that the template puts there), and at least four. At most half the window, so that there is something to slide.
 * @throws NearfarError `context_overflow` where they are more
 */
export async function sinkTokenCount(options: SinkCountOptions): Promise<number> {
  const { input, tokens, asked, windowTokenCount, read } = options;
  const most = windowTokenCount >> 1;
  const wanted =
    asked === undefined
      ? Math.max(defaultSinkTokenCount, await systemTokenCount(input, tokens, read))
      : asked < 0
        ? tokens.length
        : asked;
  if (wanted <= most) return wanted;
  const what = asked === undefined ? 'The system text has' : 'num_keep asks to keep';
  throw new NearfarError(
    'context_overflow',
    `${what} ${wanted} tokens, but of a window of ${windowTokenCount} at most ${most} can stay while it slides. ` +
      'A larger engine.sinksWindowTokenCount would hold more.',
  );
}

/** What the prompt has in common with one of the same system text and another first word: so no template needs to be known. */
async function systemTokenCount(
  input: ChatInput,
  tokens: readonly number[],
  read: SinkCountOptions['read'],
): Promise<number> {
  if (input.kind !== 'chat') return 0;
  const first = input.messages.findIndex(({ role }) => role !== 'system');
  const head: readonly Message[] = input.messages.slice(0, first === -1 ? undefined : first);
  if (head.length === 0 && input.toolUse === undefined) return 0;
  const begins = input.messages[first]?.content.trimStart().charAt(0).toLowerCase();
  const probe: Message = { role: 'user', content: begins === 'a' ? 'Z' : 'A' };
  const other = await read({ ...input, messages: [...head, probe] });
  return commonLength([...other], tokens, 0, Math.min(other.length, tokens.length));
}

import { describe, expect, it } from 'vitest';
import type { ChatInput } from '../chat/request.ts';
import type { GenerateCommand, WirePart } from './protocol.ts';
import { createOverflowDesk } from './overflow-desk.ts';
import { fitPrompt } from './fit-prompt.ts';
import { command } from './testing/harness.ts';
import type { ReadPrompt } from './engine-setup.ts';

/** A token a character. */
function tokensOf(input: ChatInput): Int32Array {
  if (input.kind === 'tokens') return Int32Array.from(input.tokens);
  const text = input.kind === 'text' ? input.text : input.messages.map(({ content }) => content).join('');
  return Int32Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

/** A context of 100 tokens and windows of 40. */
function createDesk(options: { whyNoSinks?: string; wait?: Promise<undefined> } = {}) {
  const calls: { readonly loop: string; readonly command: GenerateCommand; readonly read?: ReadPrompt }[] =
    [];
  const parts: { readonly id: string; readonly part: WirePart }[] = [];
  const loop = (name: string) => ({
    submit: async (asked: GenerateCommand, read?: ReadPrompt) => {
      calls.push({ loop: name, command: asked, ...(read === undefined ? {} : { read }) });
    },
    abort: () => undefined,
  });
  const desk = createOverflowDesk({
    main: loop('main'),
    sinks: loop('sinks'),
    whyNoSinks: options.whyNoSinks ?? null,
    windowTokenCount: 40,
    contextTokenCount: 100,
    readPrompt: async ({ input }) => {
      await options.wait;
      return { tokens: [...tokensOf(input)], omitted: null };
    },
    read: async (input) => tokensOf(input),
    emit: (emitted) => {
      parts.push(...emitted);
    },
  });
  return { desk, calls, parts };
}

const tokens = (count: number): number[] => Array.from({ length: count }, (_, index) => index % 50);
const streaming = (count: number, more: Partial<GenerateCommand> = {}): GenerateCommand =>
  command('a', tokens(count), { contextOverflow: 'sinks', maxTokenCount: 30, ...more });

describe('where a prompt goes', () => {
  it.each([
    ['error', command('a', tokens(90)), 'main'],
    ['fits', streaming(70), 'main'],
    ['does not fit', streaming(71), 'sinks'],
    ['longer than the context', streaming(500), 'sinks'],
    ['no bound', streaming(5, { maxTokenCount: null }), 'sinks'],
  ] as const)('%s: to the %#', async (_, asked, loop) => {
    const { desk, calls } = createDesk();
    await desk.submit(asked);
    expect(calls.map((call) => call.loop)).toEqual([loop]);
    if (loop === 'sinks') expect(calls[0]?.read?.keepTokenCount).toBe(4);
  });

  it('an answer without a bound gets one: the length of the context', async () => {
    const { desk, calls } = createDesk();
    await desk.submit(streaming(5, { maxTokenCount: null }));
    expect(calls[0]?.command.maxTokenCount).toBe(100);
  });

  it('keeps the system text, or as many tokens as were asked for, and refuses more than half a window', async () => {
    const { desk, calls, parts } = createDesk();
    const chat = (text: string): ChatInput => ({
      kind: 'chat',
      messages: [
        { role: 'system', content: text },
        { role: 'user', content: `Ask ${'x'.repeat(100)}` },
      ],
    });
    await desk.submit(streaming(0, { input: chat('be brief') }));
    await desk.submit(streaming(200, { keepTokenCount: 17 }));
    expect(calls.map(({ read }) => read?.keepTokenCount)).toEqual([8, 17]);
    await desk.submit(streaming(0, { input: chat('s'.repeat(21)) }));
    await desk.submit(streaming(200, { keepTokenCount: -1 }));
    expect(calls).toHaveLength(2);
    const errors = parts.map(({ part }) => (part.type === 'error' ? part.error : null));
    expect(errors.map((error) => error?.kind)).toEqual(['context_overflow', 'context_overflow']);
    expect(errors[0]?.message).toMatch(/system text has 21 tokens.*at most 20/);
    expect(errors[1]?.message).toMatch(/num_keep asks to keep 200/);
  });

  it('says clearly where no window can slide, but only where one is needed', async () => {
    const { desk, calls, parts } = createDesk({ whyNoSinks: 'mamba cannot stream.' });
    await desk.submit(streaming(50));
    await desk.submit(streaming(50, { maxTokenCount: null }));
    expect(calls.map(({ loop }) => loop)).toEqual(['main', 'main']);
    await desk.submit(streaming(200));
    expect(parts).toMatchObject([
      {
        part: {
          error: {
            kind: 'unsupported',
            field: 'context_overflow',
            message: expect.stringMatching(/mamba/) as string,
          },
        },
      },
    ]);
  });

  it('answers an abort while the prompt is read, once', async () => {
    const wait = Promise.withResolvers<undefined>();
    const { desk, calls, parts } = createDesk({ wait: wait.promise });
    const submitted = desk.submit(streaming(200));
    desk.abort('a');
    desk.abort('a');
    wait.resolve(undefined);
    await submitted;
    expect(calls).toEqual([]);
    expect(parts).toMatchObject([{ id: 'a', part: { type: 'error', error: { kind: 'aborted' } } }]);
  });
});

describe('a prompt for the main loop', () => {
  const fit = (count: number, more: Partial<GenerateCommand>) => {
    const input: ChatInput = { kind: 'tokens', tokens: tokens(count) };
    const options = { contextTokenCount: 100, modelId: 'm', read: async () => new Int32Array() };
    return fitPrompt({ input, maxTokenCount: null, ...more }, tokensOf(input), options);
  };

  it('is whole unless it is too long and may be cut; then it leaves room for the answer', async () => {
    const cutting = { contextOverflow: 'truncate_middle' } as const;
    expect(await fit(500, {})).toMatchObject({ omitted: null });
    expect(await fit(99, cutting)).toMatchObject({ omitted: null });
    expect((await fit(100, cutting)).tokens).toHaveLength(75);
    expect((await fit(100, { ...cutting, maxTokenCount: 10 })).tokens).toHaveLength(90);
    const half = await fit(1_000, { ...cutting, maxTokenCount: 5_000 });
    expect(half.tokens).toHaveLength(50);
    expect(half.omitted).toEqual({ tokenCount: 950, messageCount: 0 });
  });
});

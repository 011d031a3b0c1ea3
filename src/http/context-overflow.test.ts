import { describe, expect, it } from 'vitest';
import { overflowField, overflowHeaders, overflowUsage } from './context-overflow.ts';
import { ollamaOverflow } from './ollama/overflow.ts';

describe('what a body says of a context that is too small', () => {
  it('is the extension, or OpenAI’s truncation, and not two different things', () => {
    expect(overflowField({})).toEqual({});
    expect(overflowField({ context_overflow: null, truncation: null })).toEqual({});
    expect(overflowField({ context_overflow: 'sinks' })).toEqual({ contextOverflow: 'sinks' });
    expect(overflowField({ truncation: 'auto' })).toEqual({ contextOverflow: 'truncate_middle' });
    expect(overflowField({ truncation: 'disabled' })).toEqual({ contextOverflow: 'error' });
    expect(() => overflowField({ context_overflow: 'sinks', truncation: 'auto' })).toThrow(/truncation/);
  });

  it.each([
    [{}, {}],
    [{ truncate: true }, { contextOverflow: 'truncate_middle' }],
    [{ truncate: false }, { contextOverflow: 'error' }],
    [{ shift: true }, { contextOverflow: 'sinks' }],
    [{ shift: true, truncate: true }, { contextOverflow: 'sinks' }],
    [{ shift: false, truncate: true }, { contextOverflow: 'truncate_middle' }],
    [{ shift: false }, { contextOverflow: 'error' }],
    [{ context_overflow: 'sinks' as const }, { contextOverflow: 'sinks' }],
  ])('or Ollama’s truncate and shift: %o', (body, expected) => {
    expect(ollamaOverflow(body, undefined)).toEqual(expected);
    expect(ollamaOverflow(body, 24)).toEqual({ ...expected, keepTokenCount: 24 });
  });

  it('or a contradiction, which is refused', () => {
    expect(() => ollamaOverflow({ shift: true, truncate: false }, null)).toThrow(/shift/);
    expect(() => ollamaOverflow({ context_overflow: 'error', shift: true }, null)).toThrow(/send only one/);
  });
});

it('what was left out stands in the usage and in headers: the end knows better than the beginning', () => {
  const overflow = { policy: 'sinks', omittedTokenCount: 5, omittedMessageCount: 0 } as const;
  expect(overflowUsage(overflow)).toEqual({
    context_overflow: { policy: 'sinks', omitted_tokens: 5, omitted_messages: 0 },
  });
  expect(overflowUsage(undefined)).toEqual({});
  const start = {
    type: 'start',
    model: 'm',
    grade: 'basic',
    promptTokenCount: 1,
    cachedTokenCount: 0,
    overflow,
  } as const;
  const usage = { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 1 };
  const timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };
  const finish = {
    type: 'finish',
    usage: { ...usage, overflow: { ...overflow, omittedTokenCount: 9 } },
    timings,
  } as const;
  expect(overflowHeaders([start])['x-nearfar-omitted-tokens']).toBe('5');
  expect(overflowHeaders([start, finish])).toEqual({
    'x-nearfar-context-overflow': 'sinks',
    'x-nearfar-omitted-tokens': '9',
    'x-nearfar-omitted-messages': '0',
  });
  expect(overflowHeaders([null])).toEqual({});
});

/**
 * Takes OpenAI's chunk of usage out of a stream whose client did not ask for it. Every other byte stays as it is.
 */
export interface UsageFilter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const encoder = new TextEncoder();

export function createUsageFilter(): UsageFilter {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';

  function pass(text: string, isEnd: boolean): Uint8Array {
    rest += text;
    let kept = '';
    for (;;) {
      const end = /\r?\n\r?\n/.exec(rest);
      if (end === null) break;
      const event = rest.slice(0, end.index + end[0].length);
      rest = rest.slice(event.length);
      if (!isUsageOnly(event)) kept += event;
    }
    if (isEnd) {
      kept += isUsageOnly(rest) ? '' : rest;
      rest = '';
    }
    return encoder.encode(kept);
  }

  return {
    push: (chunk) => pass(decoder.decode(chunk, { stream: true }), false),
    end: () => pass(decoder.decode(), true),
  };
}

function isUsageOnly(event: string): boolean {
  if (!event.includes('"usage"')) return false;
  const data = /^data: ?(.*)$/m.exec(event)?.[1];
  if (data === undefined) return false;
  try {
    const chunk = JSON.parse(data) as { choices?: unknown; usage?: unknown } | null;
    return (
      Array.isArray(chunk?.choices) &&
      chunk.choices.length === 0 &&
      typeof chunk.usage === 'object' &&
      chunk.usage !== null
    );
  } catch {
    return false;
  }
}

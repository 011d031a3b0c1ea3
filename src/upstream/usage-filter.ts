import { asBuffer, createTextReader } from './text-reader.ts';

/**
 * Takes OpenAI's chunk of usage out of a stream whose client did not ask for it. Every other byte stays as it is.
 */
export interface UsageFilter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

export function createUsageFilter(): UsageFilter {
  const texts = createTextReader(true);
  let rest = '';
  /** Nothing is held back, and no character is cut. */
  let isBetweenEvents = true;

  function pass(text: string, isEnd: boolean): Uint8Array {
    rest += text;
    let kept = '';
    for (;;) {
      const end = endOfEvent(rest);
      if (end === null) break;
      const event = rest.slice(0, end);
      rest = rest.slice(end);
      if (!isUsageOnly(event)) kept += event;
    }
    if (isEnd) {
      kept += isUsageOnly(rest) ? '' : rest;
      rest = '';
    }
    return Buffer.from(kept);
  }

  return {
    push(chunk) {
      // Whole events among which there is none to take out: nearly always.
      if (isBetweenEvents && endsEvent(chunk) && !mayHideUsage(chunk)) return chunk;
      const kept = pass(texts.push(chunk), false);
      isBetweenEvents = rest === '' && (chunk.at(-1) ?? lineFeed) === lineFeed;
      return kept;
    },
    end: () => pass(texts.end(), true),
  };
}

const lineFeed = 0x0a;

/** Where it begins between two events, it ends there too. */
function endsEvent(chunk: Uint8Array): boolean {
  return chunk.at(-1) === lineFeed && chunk.at(-2) === lineFeed;
}

/** Behind the empty line that ends the first one; null: none ends yet. */
function endOfEvent(text: string): number | null {
  if (!text.includes('\r')) {
    const at = text.indexOf('\n\n');
    return at === -1 ? null : at + 2;
  }
  const end = /\r?\n\r?\n/.exec(text);
  return end === null ? null : end.index + end[0].length;
}

const usageName = Buffer.from('"usage"');

function mayHideUsage(chunk: Uint8Array): boolean {
  return asBuffer(chunk).includes(usageName);
}

const noChoices = /"choices"\s*:\s*\[\s*\]/;

function isUsageOnly(event: string): boolean {
  // OpenAI names usage in every event, and gives it in the last.
  if (!event.includes('"usage"') || !noChoices.test(event)) return false;
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

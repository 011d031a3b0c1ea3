import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../config/schema.ts';
import { createPartOutbox } from './part-outbox.ts';
import type { WirePart } from './protocol.ts';

const text = (letters: string): WirePart => ({ type: 'text-delta', choice: 0, text: letters });
const end: WirePart = { type: 'choice-end', choice: 0, reason: 'stop' };

function outboxAt(clock: { ms: number }) {
  const messages: string[][] = [];
  const outbox = createPartOutbox({
    emit: (parts) =>
      messages.push(
        parts.map(({ id, part }) => `${id}:${part.type === 'text-delta' ? part.text : part.type}`),
      ),
    holdPartsMs: 10,
    // Bulk owes a token a second.
    classes: defaultSettings.engine.classes,
    now: () => clock.ms,
  });
  return { outbox, messages };
}

describe('parts on their way out', () => {
  it('of bulk wait for more text, for their end, or for 200 ms', () => {
    const clock = { ms: 1000 };
    const { outbox, messages } = outboxAt(clock);
    outbox.push('bulk', text('a'), true);
    outbox.flush();
    for (const letter of 'bcd') {
      clock.ms += 20;
      outbox.push('bulk', text(letter), true);
      outbox.push('person', text(letter));
      outbox.flush();
    }
    expect(messages).toEqual([['bulk:a'], ['person:b'], ['person:c'], ['person:d']]);
    outbox.push('bulk', end, true);
    outbox.push('other', text('x'), true);
    outbox.flush();
    expect(messages.at(-1)).toEqual(['bulk:b', 'bulk:c', 'bulk:d', 'bulk:choice-end']);
    clock.ms += 200;
    outbox.flush();
    expect(messages.at(-1)).toEqual(['other:x']);
  });

  it('all go where nothing comes any more', () => {
    const { outbox, messages } = outboxAt({ ms: 1000 });
    outbox.flushAll();
    outbox.push('bulk', text('a'), true);
    outbox.flush();
    expect(messages).toEqual([]);
    outbox.flushAll();
    expect(messages).toEqual([['bulk:a']]);
  });
});

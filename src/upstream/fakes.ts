import type { ChatPart } from '../chat/part.ts';
import { createEventFraming, createLineFraming } from './framing.ts';
import type { WirePart, WireProtocol } from './protocol.ts';

/**
 * Reads a whole stream of bytes as an exchange does.
 * @param cuts sizes of the chunks that the bytes come in, used in turn; one chunk where there are none
 */
export function readStream(
  protocol: WireProtocol,
  bytes: Uint8Array,
  { cuts = [], choiceCount = 1 }: { cuts?: readonly number[]; choiceCount?: number } = {},
): readonly WirePart[] {
  const framing = protocol.framing === 'events' ? createEventFraming() : createLineFraming();
  const reader = protocol.createReader('up/model', choiceCount);
  const parts: WirePart[] = [];
  for (const chunk of chunksOf(bytes, cuts)) {
    for (const event of framing.push(chunk)) if (!reader.isDone) parts.push(...reader.read(event));
  }
  for (const event of framing.end()) if (!reader.isDone) parts.push(...reader.read(event));
  parts.push(...reader.end());
  return parts;
}

function chunksOf(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  if (cuts.length === 0) return [bytes];
  const chunks: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = Math.max(1, cuts[turn % cuts.length] ?? 1);
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return chunks;
}

/** Texts, reasoning and calls put together, so that only what was said counts and not in how many pieces. */
export function joined(parts: readonly (ChatPart | WirePart)[]): readonly object[] {
  const result: Record<string, unknown>[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    const sameKind = last?.['type'] === part.type && 'choice' in part && last['choice'] === part.choice;
    if ((part.type === 'text-delta' || part.type === 'reasoning-delta') && part.text === '') continue;
    if (sameKind && (part.type === 'text-delta' || part.type === 'reasoning-delta')) {
      last['text'] = String(last['text']) + part.text;
    } else if (sameKind && part.type === 'tool-call-delta') {
      last['arguments'] = String(last['arguments']) + part.arguments;
    } else {
      result.push({ ...part });
    }
  }
  return result;
}

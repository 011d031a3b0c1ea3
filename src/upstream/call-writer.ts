import type { WirePart } from './protocol.ts';
import { broken } from './wire-json.ts';

/**
 * The calls of one choice, from a wire on which their pieces arrive, to parts of which one call at a time is open.
 * A call has an end only where its arguments are whole: the JSON text of an object.
 */
export interface CallWriter {
  /** @param key what the wire tells calls apart by, e.g. their index */
  start(key: string, id: string, name: string): readonly WirePart[];
  /** @throws NearfarError `upstream_failed` for a piece of a call that is over or never began */
  add(key: string, text: string): readonly WirePart[];
  close(): readonly WirePart[];
  has(key: string): boolean;
  /** True once a call was whole. */
  readonly hasWhole: boolean;
}

export function createCallWriter(choice: number): CallWriter {
  const keys = new Set<string>();
  let openKey: string | null = null;
  let argumentText = '';
  let callCount = 0;
  let hasWhole = false;

  function close(): readonly WirePart[] {
    if (openKey === null) return [];
    openKey = null;
    const call = callCount - 1;
    const parts: WirePart[] = [];
    if (argumentText.trim() === '') {
      // Without parameters some servers send no arguments at all.
      argumentText = '{}';
      parts.push({ type: 'tool-call-delta', choice, call, arguments: argumentText });
    }
    if (!isObjectText(argumentText)) return parts;
    hasWhole = true;
    parts.push({ type: 'tool-call-end', choice, call });
    return parts;
  }

  return {
    start(key, id, name) {
      const before = close();
      openKey = key;
      keys.add(key);
      argumentText = '';
      callCount += 1;
      return [
        ...before,
        {
          type: 'tool-call-start',
          choice,
          call: callCount - 1,
          id: id === '' ? `call_${choice}_${callCount - 1}` : id,
          name,
        },
      ];
    },
    add(key, text) {
      if (text === '') return [];
      if (key !== openKey) throw broken('went back to a tool call that was over');
      argumentText += text;
      return [{ type: 'tool-call-delta', choice, call: callCount - 1, arguments: text }];
    },
    close,
    has: (key) => keys.has(key),
    get hasWhole() {
      return hasWhole;
    },
  };
}

function isObjectText(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

import { discardTokenCount, type WindowShape } from '../sinks/window-layout.ts';
import { nextToken } from './fake-decoder.ts';

/** A window that slides, told in the plainest way: what tests compare with. */

/** What is in the window once all tokens were taken in, one after the other. */
export function windowOf(tokens: readonly number[], shape: WindowShape): readonly number[] {
  let window: number[] = [];
  for (const token of tokens) {
    if (window.length === shape.windowTokenCount) {
      const from = shape.keepTokenCount;
      window = [...window.slice(0, from), ...window.slice(from + discardTokenCount(shape))];
    }
    window.push(token);
  }
  return window;
}

/** What a lone run of the fake model writes through a window. */
export function streamedText(prompt: readonly number[], maxTokenCount: number, shape: WindowShape): string {
  const tokens = [...prompt];
  let text = '';
  for (let count = 0; count < maxTokenCount; count++) {
    const token = nextToken([...windowOf(tokens, shape)]);
    if (token === 0) break;
    text += String.fromCharCode(32 + token);
    tokens.push(token);
  }
  return text;
}

import { expect, it } from 'vitest';
import { requestIdOf } from './answer-id.ts';

it('is found in the ids of answers of all dialects, and left as it is where it is one', () => {
  const id = 'req_0123456789abcdef';
  for (const word of [id, `chatcmpl-${id}`, `cmpl-${id}`, `msg_${id}`, 'resp_nearfar_0123456789abcdef'])
    expect(requestIdOf(word)).toBe(id);
  for (const word of ['mine', 'chatcmpl-mine', 'msg_', '']) expect(requestIdOf(word)).toBe(word);
});

/** What clients ask in `bench -- gateway`, and what the stub answers. Pure. */

export type Mode = 'json' | 'sse';

export const stubModel = 'stub-model';
/** Stands in every prompt, so that the stub can tell that it arrived. */
export const promptMark = 'Please sum up this note';

/** The answer, as the pieces of its stream. */
export const stubPieces: readonly string[] =
  'The note says that the ferry runs twice a day, that tickets are sold on board, and that dogs travel free.'
    .split(/(?= )/)
    .slice(0, 20);
export const stubText = stubPieces.join('');

const promptLength = 200;
/** Stands in each prompt, for `numbered` to write over. */
const placeholder = '~~~~~~';
/** Digits that make no word and no name. */
const letters = 'bcdfghjklmnpqrst';

/**
 * A body for each turn: the same bytes with the turn's number in letters, so that no two prompts are alike, as those of
 * clients are not, and nothing that was read before is known again.
 */
export function numbered(body: Uint8Array, turn: number): Uint8Array {
  const copy = Buffer.from(body);
  const at = copy.indexOf(placeholder);
  if (at < 0) throw new Error('the prompt has no place for its number');
  for (let digit = 0, rest = turn; digit < placeholder.length; digit += 1) {
    copy[at + digit] = letters.charCodeAt(rest % letters.length);
    rest = Math.floor(rest / letters.length);
  }
  return copy;
}

/** Chats with prompts of 200 characters, to be numbered, as JSON. */
export function chatBodies(model: string, mode: Mode, count = 16): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const start = `${promptMark} (number ${index}, ${placeholder}) in one sentence: `;
    const note =
      'the ferry runs twice a day, at eight and at five; tickets are sold on board; dogs travel free. ';
    const content = (start + note.repeat(3)).slice(0, promptLength);
    return JSON.stringify({
      model,
      messages: [{ role: 'user', content }],
      max_tokens: 64,
      ...(mode === 'sse' ? { stream: true } : {}),
    });
  });
}

/**
 * The text of an answer.
 * @throws Error where it is no whole answer
 */
export function answerText(mode: Mode, body: string): string {
  if (mode === 'json') {
    const answer = JSON.parse(body) as { choices?: { message?: { content?: unknown } }[] };
    return textOf(answer.choices?.[0]?.message?.content);
  }
  const events = body.split(/\r?\n\r?\n/).flatMap((event) => /^data: ?(.*)$/m.exec(event)?.[1] ?? []);
  if (events.at(-1) !== '[DONE]') throw new Error('the stream did not end in [DONE]');
  return events
    .slice(0, -1)
    .map((data) => {
      const chunk = JSON.parse(data) as { choices?: { delta?: { content?: unknown } }[] };
      return textOf(chunk.choices?.[0]?.delta?.content ?? '');
    })
    .join('');
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('an answer without text');
  return value;
}

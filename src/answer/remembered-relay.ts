import type { MadeAnswer } from '../cache/byte-answers.ts';
import type { Relayed } from '../upstream/relay.ts';
import { FirstAnswers } from './first-answers.ts';

/** The conversation that goes on from this answer is tainted as this request is. */
export function remembered(
  relayed: MadeAnswer<Relayed>,
  remember: (answers: readonly string[]) => Promise<void>,
): MadeAnswer<Relayed> {
  const { items } = relayed;
  const answers = new FirstAnswers();
  let told: Promise<void> | null = null;
  const tell = (): Promise<void> => (told ??= remember(answers.texts()));
  return {
    ...relayed,
    items: {
      async next() {
        const next = await items.next();
        for (const part of next.done === true ? [] : next.value.parts) {
          if (part.type !== 'finish') answers.see(part);
          // Before the last bytes go out.
          else await tell();
        }
        if (next.done === true) await tell();
        return next;
      },
      return: () => {
        items.return();
        void tell();
      },
    },
  };
}

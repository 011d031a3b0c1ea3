import type { ChatPart } from '../chat/part.ts';

/** The answers of all choices as later turns will repeat them: their text, and behind it the ids of their calls. */
export class FirstAnswers {
  readonly #texts = new Map<number, string>();
  readonly #calls = new Map<number, string>();

  /** Runs once per part. */
  see(part: ChatPart): void {
    if (part.type === 'text-delta')
      this.#texts.set(part.choice, (this.#texts.get(part.choice) ?? '') + part.text);
    else if (part.type === 'tool-call-start')
      this.#calls.set(part.choice, (this.#calls.get(part.choice) ?? '') + part.id);
  }

  texts(): readonly string[] {
    const choices = new Set([...this.#texts.keys(), ...this.#calls.keys()]);
    return [...choices].map((choice) => (this.#texts.get(choice) ?? '') + (this.#calls.get(choice) ?? ''));
  }
}

/** The same parts. `remember` is told of what was answered before the end goes out, also where the reader leaves. */
export async function* rememberedAnswer(
  open: () => Promise<AsyncIterable<ChatPart>>,
  remember: (answers: readonly string[]) => Promise<void>,
): AsyncGenerator<ChatPart, void, undefined> {
  const answers = new FirstAnswers();
  let isTold = false;
  const tell = async (): Promise<void> => {
    if (isTold) return;
    isTold = true;
    await remember(answers.texts());
  };
  try {
    for await (const part of await open()) {
      answers.see(part);
      if (part.type === 'finish' || part.type === 'error') await tell();
      yield part;
    }
  } finally {
    await tell();
  }
}

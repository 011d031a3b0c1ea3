import type { EngineSetup } from './engine-setup.ts';
import type { PartOutbox } from './part-outbox.ts';
import type { GenerateCommand, WirePart } from './protocol.ts';
import type { VoiceRehearsal } from './voice-rehearsal.ts';

/**
 * Reads ahead what the next turn of a spoken conversation begins with: the answer as it will come back, and what the chat
 * template writes around it up to the words that are still to be said. See docs/decisions/237.
 */
export interface VoiceAhead {
  /** The answer to this command will be listened to. */
  follow(command: GenerateCommand): void;
  /** The outbox, and what is pushed into it is noted. */
  listening(outbox: PartOutbox): PartOutbox;
  /** One step of what can be read, of no more than so many milliseconds; false where there is none. */
  step(limitMs: number): boolean;
  /** Others are about to be computed. */
  pause(): void;
}

export interface VoiceAheadOptions extends Pick<EngineSetup, 'foreseePrompt' | 'wake' | 'now'> {
  readonly reading: Pick<VoiceRehearsal, 'offer' | 'isBusy' | 'step' | 'interrupt'>;
}

interface Foreseen {
  readonly command: GenerateCommand;
  readonly tokens: readonly number[];
  readonly at: number;
}

/** Conversations whose next turns wait to be read ahead; more leave, oldest first. */
const keptCount = 16;
/** Who has not spoken again by then may have gone, and has cost nothing. */
const longestWaitMs = 60_000;

export function createVoiceAhead({ foreseePrompt, wake, now, reading }: VoiceAheadOptions): VoiceAhead {
  const followed = new Map<string, { readonly command: GenerateCommand; text: string }>();
  let foreseen: Foreseen[] = [];

  async function foresee(command: GenerateCommand, text: string): Promise<void> {
    const tokens = (await foreseePrompt?.(command, text)) ?? null;
    if (tokens === null) return;
    foreseen = [...foreseen, { command, tokens, at: now() }].slice(-keptCount);
    wake();
  }

  function note(id: string, part: WirePart): void {
    const answer = followed.get(id);
    if (answer === undefined) return;
    if (part.type === 'text-delta') answer.text += part.text;
    // Calls come back in a form of the client's choice.
    else if (part.type === 'error' || part.type === 'tool-call-delta') followed.delete(id);
    else if (part.type === 'finish') {
      followed.delete(id);
      // Reading ahead is a favour: where the template cannot be run, the next turn will say so.
      void foresee(answer.command, answer.text).catch(() => undefined);
    }
  }

  return {
    follow(command) {
      const { id, choiceCount, adapter } = command;
      // An adapter would have to stay in memory for a turn that may never come.
      if (foreseePrompt === undefined || choiceCount > 1 || adapter !== null) return;
      followed.set(id, { command, text: '' });
    },
    listening: (outbox) => ({
      ...outbox,
      push(id, part, isPatient) {
        note(id, part);
        outbox.push(id, part, isPatient);
      },
    }),
    step(limitMs) {
      if (!reading.isBusy) {
        const next = foreseen.shift();
        if (next === undefined) return false;
        if (now() - next.at > longestWaitMs) return true;
        const { salt, mayPersist } = next.command;
        reading.offer({ salt, mayPersist, tokens: next.tokens, lease: null });
      }
      return reading.step(limitMs);
    },
    pause() {
      reading.interrupt();
    },
  };
}

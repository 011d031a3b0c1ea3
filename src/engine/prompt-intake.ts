import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { ArrivalHold } from './arrival-hold.ts';
import { placesFor } from './class-queue.ts';
import type { EngineSetup, ReadPrompt } from './engine-setup.ts';
import type { PartOutbox } from './part-outbox.ts';
import type { GenerateCommand } from './protocol.ts';
import { queueFullError } from './request-intake.ts';
import type { VoiceDesk } from './voice-desk.ts';
import { toWireError } from './wire-part.ts';

/** Requests between `submit` and the queue: their prompts are being read, off the step loop, or they wait for an adapter. */
export interface PromptIntake {
  /**
   * Never throws: what is wrong becomes the request's `error` part.
   * @param read the prompt, where it has been read already
   */
  submit(command: GenerateCommand, read?: ReadPrompt): Promise<void>;
  /** Answers a request that is still being read, and lets nothing more come of it. */
  cancel(id: string): void;
  readonly readingCount: number;
}

export interface PromptIntakeSetup {
  readonly setup: EngineSetup;
  readonly outbox: PartOutbox;
  readonly voices: Pick<VoiceDesk, 'expect'>;
  readonly hold: ArrivalHold;
  /** What the queue is like now. `msPerRequest`: how often an answer ends, on average. */
  readonly queue: () => {
    readonly waitingCount: number;
    readonly idleSlotCount: number;
    readonly msPerRequest: number;
  };
  /** The prompt is read, and its adapter in memory. @throws NearfarError where the request cannot be taken */
  readonly onRead: (
    command: GenerateCommand,
    prompt: ReadPrompt,
    submittedAt: number,
    lease: AdapterLease | null,
  ) => void;
}

/** Whether somebody looks at a screen or listens until its first token comes. */
const isAwaited = ({ priority }: GenerateCommand): boolean =>
  priority === 'voice' || priority === 'interactive';

export function createPromptIntake({
  setup,
  outbox,
  voices,
  hold,
  queue,
  onRead,
}: PromptIntakeSetup): PromptIntake {
  const reading = new Set<string>();

  function requirePlace({ priority, choiceCount }: GenerateCommand): void {
    const { waitingCount, idleSlotCount, msPerRequest } = queue();
    const queuedCount = waitingCount + reading.size;
    if (queuedCount + choiceCount > placesFor(priority, setup.queueLimit) + idleSlotCount)
      throw queueFullError(queuedCount, msPerRequest);
  }

  return {
    async submit(command, read) {
      const submittedAt = setup.now();
      let lease: AdapterLease | null = null;
      try {
        requirePlace(command);
        reading.add(command.id);
        if (command.priority === 'voice') voices.expect();
        if (isAwaited(command)) hold.arrive(command.id);
        if (command.grammar !== null) await setup.prepareGrammar(command.grammar);
        const prompt = read ?? (await setup.readPrompt(command));
        if (command.adapter !== null) {
          // Who waits for a place must not keep those from stepping who have to make it.
          hold.arrived(command.id);
          lease = await setup.adapters.acquire(command.adapter);
        }
        // An abort during reading has already answered.
        if (!reading.delete(command.id)) {
          lease?.release();
          return;
        }
        hold.arrived(command.id);
        onRead(command, prompt, submittedAt, lease);
      } catch (thrown) {
        lease?.release();
        reading.delete(command.id);
        hold.arrived(command.id);
        outbox.push(command.id, { type: 'error', error: toWireError(toNearfarError(thrown)) });
      }
      outbox.flush();
      setup.wake();
    },
    cancel(id) {
      hold.arrived(id);
      if (!reading.delete(id)) return;
      outbox.push(id, {
        type: 'error',
        error: toWireError(new NearfarError('aborted', 'The request was cancelled.')),
      });
    },
    get readingCount() {
      return reading.size;
    },
  };
}

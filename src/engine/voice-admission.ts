import { NearfarError } from '../chat/error.ts';
import type { AdapterGroups } from './adapter-groups.ts';
import type { ArrivalHold } from './arrival-hold.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { Decoder } from './decoder.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { PartOutbox } from './part-outbox.ts';
import type { GenerateCommand } from './protocol.ts';
import { createVoiceAhead, type VoiceAheadOptions } from './voice-ahead.ts';
import {
  createVoiceDesk,
  type VoiceDesk,
  type VoiceDeskOptions,
  type VoiceLoad,
  type VoicePromise,
} from './voice-desk.ts';
import { createVoiceRehearsal } from './voice-rehearsal.ts';

/** The class `voice` as the step loop sees it: who is admitted, and what becomes of who is not. */
export interface VoiceAdmission extends Pick<
  VoiceDesk,
  'expect' | 'noteFirstToken' | 'noteStep' | 'stepLimitMs'
> {
  /** @throws NearfarError as the desk does; what is refused for now is read all the same, should nobody come meanwhile */
  admit(
    command: GenerateCommand,
    prompt: readonly number[],
    lease: AdapterLease | null,
    load: VoiceLoad,
  ): VoicePromise;
  /** Nobody runs or waits: one step for a prompt that was refused, or of what comes next; false where there is none. */
  rehearse(): boolean;
  /** Beside those who only read: one step of what comes next. @param longestStepMs what a step may take for their sake */
  readAhead(longestStepMs: number): void;
  /** The outbox, listened to for answers of this class. */
  listening(outbox: PartOutbox): PartOutbox;
  /** Somebody else is about to be computed. */
  stopRehearsing(): void;
}

export interface VoiceAdmissionOptions
  extends VoiceDeskOptions, Pick<VoiceAheadOptions, 'foreseePrompt' | 'wake'>, Pick<EngineSetup, 'window'> {
  readonly decoder: Decoder;
  readonly groups: AdapterGroups;
  readonly hold: Pick<ArrivalHold, 'deliver'>;
}

/** Of the longest step, how much the beginning of a next turn may take beside those who read. */
const readAheadShare = 0.5;

export function createVoiceAdmission(options: VoiceAdmissionOptions): VoiceAdmission {
  const { hold } = options;
  /** What is read for nobody stays as a prefix; a window that slides is of its own sequence only. */
  const mayRehearse = options.window === undefined && options.cache.canResume;
  const desk = createVoiceDesk(options);
  const rehearsal = createVoiceRehearsal({
    ...options,
    expectedMs: (size) => desk.expectedMs(size),
    onError: (errorMs) => {
      desk.noteError(errorMs);
    },
  });
  const ahead = createVoiceAhead({
    ...options,
    reading: createVoiceRehearsal({
      ...options,
      expectedMs: (size) => desk.expectedMs(size),
      // So narrow a step says little of how wrong those of whole turns are.
      onError: () => undefined,
      longestWaitMs: Infinity,
    }),
  });
  return {
    ...desk,
    admit(command, tokens, lease, load) {
      try {
        const promise = desk.admit(command, tokens, lease?.adapter.key ?? '', load);
        if (mayRehearse) ahead.follow(command);
        return promise;
      } catch (thrown) {
        const { salt, mayPersist } = command;
        const isLater = thrown instanceof NearfarError && thrown.kind === 'unavailable';
        if (isLater && mayRehearse)
          rehearsal.offer({ salt, mayPersist, tokens, lease: lease?.share() ?? null });
        throw thrown;
      }
    },
    rehearse: () => rehearsal.step() || ahead.step(Infinity),
    noteFirstToken(request) {
      desk.noteFirstToken(request);
      if (request.promise !== null) hold.deliver();
    },
    readAhead: (longestStepMs) => {
      ahead.step(readAheadShare * longestStepMs);
    },
    listening: (outbox) => ahead.listening(outbox),
    stopRehearsing: () => {
      rehearsal.stop();
      ahead.pause();
    },
  };
}

import { NearfarError } from '../chat/error.ts';
import type { AdapterGroups } from './adapter-groups.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { Decoder } from './decoder.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { GenerateCommand } from './protocol.ts';
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
  /** Nobody runs or waits: one step for a prompt that was refused; false where there is none. */
  rehearse(): boolean;
  /** Somebody else is about to be computed. */
  stopRehearsing(): void;
}

export interface VoiceAdmissionOptions extends VoiceDeskOptions, Pick<EngineSetup, 'window'> {
  readonly decoder: Decoder;
  readonly groups: AdapterGroups;
}

export function createVoiceAdmission(options: VoiceAdmissionOptions): VoiceAdmission {
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
  return {
    ...desk,
    admit(command, tokens, lease, load) {
      try {
        return desk.admit(command, tokens, lease?.adapter.key ?? '', load);
      } catch (thrown) {
        const { salt, mayPersist } = command;
        const isLater = thrown instanceof NearfarError && thrown.kind === 'unavailable';
        if (isLater && mayRehearse)
          rehearsal.offer({ salt, mayPersist, tokens, lease: lease?.share() ?? null });
        throw thrown;
      }
    },
    rehearse: () => rehearsal.step(),
    stopRehearsing: () => {
      rehearsal.stop();
    },
  };
}

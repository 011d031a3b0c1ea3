import { parentPort, workerData } from 'node:worker_threads';
import type { Conversation } from '../../chat/request.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import {
  createTemplateProgram,
  TemplateRefusal,
  TemplateTooLong,
  type TemplateProgram,
  type TemplateSetup,
} from './template-program.ts';

/** Thread in which chat templates run, so that a runaway one can be ended without harm to the step loop. */

export interface RenderJob {
  readonly id: number;
  readonly conversation: Conversation;
  readonly addGenerationPrompt: boolean;
}

export type WorkerReply =
  | {
      readonly type: 'ready';
      readonly knowsSystemRole: boolean;
      readonly knowsTools: boolean;
      readonly toolFamily: ToolFamily;
      readonly problem: string | null;
    }
  | { readonly type: 'rendered'; readonly id: number; readonly text: string }
  | { readonly type: 'refused' | 'too-long' | 'failed'; readonly id: number; readonly message: string };

function reply(message: WorkerReply): void {
  parentPort?.postMessage(message);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

let program: TemplateProgram | null = null;
let problem: string | null = null;
try {
  program = createTemplateProgram(workerData as TemplateSetup);
} catch (thrown) {
  problem = messageOf(thrown);
}
reply({
  type: 'ready',
  knowsSystemRole: program?.knowsSystemRole ?? true,
  knowsTools: program?.knowsTools ?? false,
  toolFamily: program?.toolFamily ?? 'generic',
  problem,
});

function render(job: RenderJob): WorkerReply {
  const { id } = job;
  if (program === null) return { type: 'failed', id, message: problem ?? 'no template' };
  try {
    return { type: 'rendered', id, text: program.render(job.conversation, job.addGenerationPrompt) };
  } catch (thrown) {
    const message = messageOf(thrown);
    if (thrown instanceof TemplateRefusal) return { type: 'refused', id, message };
    if (thrown instanceof TemplateTooLong) return { type: 'too-long', id, message };
    return { type: 'failed', id, message };
  }
}

parentPort?.on('message', (job: RenderJob) => {
  reply(render(job));
});

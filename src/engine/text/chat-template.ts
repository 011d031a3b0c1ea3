import { Worker } from 'node:worker_threads';
import { NearfarError } from '../../chat/error.ts';
import type { Conversation } from '../../chat/request.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import type { TemplateSetup } from './template-program.ts';
import type { RenderJob, WorkerReply } from './template-worker.ts';

/** What models without a template of their own are given; many small ones were trained on it. */
export const chatmlTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

export interface TemplateFacts {
  /** `chatml`: the model file has none, and its answers may be the worse for it. */
  readonly source: 'model' | 'chatml';
  /** False where system texts are folded into the user's turn. */
  readonly knowsSystemRole: boolean;
  /** False where tools are told in the system text. */
  readonly knowsTools: boolean;
  /** How the model writes its calls. */
  readonly toolFamily: ToolFamily;
  /** Why the model's template cannot be used at all; every chat is then answered with an error. */
  readonly problem: string | null;
}

export interface TemplateRenderer {
  /**
   * @throws NearfarError `invalid_request` with the template's own words where it refuses the messages, `timeout`
   * where it does not end, `too_large` where its output does not, `internal` where it is at fault
   */
  render(conversation: Conversation, options: { readonly addGenerationPrompt: boolean }): Promise<string>;
  /** Known once the thread has started. */
  facts(): Promise<TemplateFacts>;
  close(): Promise<void>;
}

export interface TemplateRendererSetup {
  /** The model's own; `null` falls back to ChatML. */
  readonly template: string | null;
  readonly bosToken: string;
  readonly eosToken: string;
  /** Time one rendering may take. 2,000 by default. */
  readonly timeoutMs?: number;
  /** 8 Mi characters by default. */
  readonly maxOutputChars?: number;
}

interface Waiting {
  readonly job: RenderJob;
  resolve(text: string): void;
  reject(error: Error): void;
}

/** Time the thread has to start and to read the template, on a machine that is busy loading weights. */
const startMs = 10_000;

/** Memory one rendering may take; far beyond any honest template. */
const heapMegabytes = 128;

/** The worker beside this file, in the language that this file runs in. */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './template-worker.ts' : './template-worker.js',
  import.meta.url,
);

/**
 * Renders chats through the model's own Jinja template, in a thread that is warm, bounded in time, memory and
 * output, and replaced when it exceeds them.
 */
export function createTemplateRenderer(setup: TemplateRendererSetup): TemplateRenderer {
  const timeoutMs = setup.timeoutMs ?? 2_000;
  const workerData: TemplateSetup = {
    template: setup.template ?? chatmlTemplate,
    bosToken: setup.bosToken,
    eosToken: setup.eosToken,
    maxOutputChars: setup.maxOutputChars ?? 8 * 1024 * 1024,
  };
  const ready = Promise.withResolvers<TemplateFacts>();
  /** In order of arrival; the worker renders the first. */
  const queue = new Map<number, Waiting>();
  let timer: NodeJS.Timeout | null = null;
  let nextId = 0;
  let isClosed = false;
  let isReady = false;
  let worker: Worker | null = null;
  worker = start();
  restartTimer();

  function start(): Worker {
    const started = new Worker(workerUrl, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
      // Flags of the parent, such as --test, are nothing to this thread.
      execArgv: [],
    });
    isReady = false;
    started.on('message', (reply: WorkerReply) => {
      if (started === worker) receive(reply);
    });
    started.on('error', (cause: Error) => {
      const isMemory = 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const what = isMemory ? 'used too much memory' : 'could not be run';
      replace(started, new NearfarError('internal', `The model's chat template ${what}.`, { cause }));
    });
    started.on('exit', () => {
      replace(started, new NearfarError('internal', 'The chat template thread ended.'));
    });
    return started;
  }

  function receive(reply: WorkerReply): void {
    if (reply.type === 'ready') {
      isReady = true;
      const source = setup.template === null ? 'chatml' : 'model';
      const { knowsSystemRole, knowsTools, toolFamily, problem } = reply;
      ready.resolve({ source, knowsSystemRole, knowsTools, toolFamily, problem });
      restartTimer();
      return;
    }
    const waiting = queue.get(reply.id);
    queue.delete(reply.id);
    restartTimer();
    if (waiting === undefined) return;
    if (reply.type === 'rendered') waiting.resolve(reply.text);
    else waiting.reject(errorOf(reply));
  }

  /** Ends a thread that went wrong; the job at the head of the queue is to blame, the rest start over. */
  function replace(failed: Worker, error: NearfarError): void {
    if (failed !== worker) return;
    worker = null;
    void failed.terminate();
    ready.resolve({
      source: 'model',
      knowsSystemRole: true,
      knowsTools: false,
      toolFamily: 'generic',
      problem: error.message,
    });
    const [head] = queue.keys();
    if (head !== undefined) {
      queue.get(head)?.reject(error);
      queue.delete(head);
    }
    if (queue.size > 0 && !isClosed) {
      worker = start();
      for (const waiting of queue.values()) worker.postMessage(waiting.job);
    }
    restartTimer();
  }

  /** Watches the start of the thread, then the job at the head of the queue. */
  function restartTimer(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const watched = worker;
    if (watched === null) return;
    const [head] = queue.keys();
    const isIdle = isReady && head === undefined;
    // An idle thread keeps no process alive.
    if (isIdle) watched.unref();
    else watched.ref();
    if (isIdle) return;
    const limit = isReady ? timeoutMs : startMs;
    const expired = setTimeout(() => {
      // A long step may have held this thread up while the reply was waiting: let messages in first.
      setImmediate(() => {
        if (timer !== expired) return;
        replace(
          watched,
          new NearfarError('timeout', `The model's chat template took longer than ${limit} ms.`),
        );
      });
    }, limit);
    expired.unref();
    timer = expired;
  }

  return {
    render(conversation, { addGenerationPrompt }) {
      if (isClosed) return Promise.reject(new NearfarError('unavailable', 'The model was unloaded.'));
      return new Promise((resolve, reject) => {
        const job: RenderJob = { id: nextId, conversation, addGenerationPrompt };
        nextId += 1;
        const isFirst = queue.size === 0;
        worker ??= start();
        queue.set(job.id, { job, resolve, reject });
        worker.postMessage(job);
        if (isFirst) restartTimer();
      });
    },
    facts: () => ready.promise,
    async close() {
      isClosed = true;
      const ending = worker;
      worker = null;
      for (const waiting of queue.values()) {
        waiting.reject(new NearfarError('unavailable', 'The model was unloaded.'));
      }
      queue.clear();
      restartTimer();
      await ending?.terminate();
    },
  };
}

function errorOf(reply: Extract<WorkerReply, { message: string }>): NearfarError {
  switch (reply.type) {
    case 'refused':
      return new NearfarError(
        'invalid_request',
        `The model's chat template refused the messages: ${reply.message}`,
        {
          field: 'messages',
        },
      );
    case 'too-long':
      return new NearfarError('too_large', reply.message, { field: 'messages' });
    case 'failed':
      return new NearfarError('internal', `The model's chat template failed: ${reply.message}`);
  }
}

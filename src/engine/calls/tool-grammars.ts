import { Worker } from 'node:worker_threads';
import { NearfarError } from '../../chat/error.ts';
import type { ToolUse } from '../../chat/tool.ts';
import { fromWireError } from '../wire-part.ts';
import type { CompileJob, CompileReply } from './tool-grammar-worker.ts';
import { toolGrammar, type ToolGrammar, type ToolGrammarSetup } from './tool-grammar.ts';

/** Grammars of tools, each compiled once: agents send the same tools with every turn. */
export interface ToolGrammars {
  /** @throws NearfarError as `toolGrammar` does */
  compile(toolUse: ToolUse, setup: ToolGrammarSetup): Promise<ToolGrammar>;
}

/** Up to this many characters of schemas take a few milliseconds here; 25 large ones took 100 (measured). */
const longestAtOnce = 2_000;
const keptCount = 32;

/** The worker beside this file, in the language that this file runs in. */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './tool-grammar-worker.ts' : './tool-grammar-worker.js',
  import.meta.url,
);

export function createToolGrammars(): ToolGrammars {
  /** Least recently used first; what failed is not kept. */
  const kept = new Map<string, Promise<ToolGrammar>>();
  const waiting = new Map<number, PromiseWithResolvers<ToolGrammar>>();
  let worker: Worker | null = null;
  let nextId = 0;

  function start(): Worker {
    const started = new Worker(workerUrl, { execArgv: [] });
    started.unref();
    started.on('message', (reply: CompileReply) => {
      const job = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('grammar' in reply) job?.resolve(reply.grammar);
      else job?.reject(fromWireError(reply.error));
    });
    const onGone = (cause: unknown): void => {
      if (worker === started) worker = null;
      const error = new NearfarError('internal', 'The tools could not be compiled.', { cause });
      for (const job of waiting.values()) job.reject(error);
      waiting.clear();
    };
    started.on('error', onGone);
    started.on('exit', onGone);
    return started;
  }

  async function inWorker(toolUse: ToolUse, setup: ToolGrammarSetup): Promise<ToolGrammar> {
    worker ??= start();
    const job: CompileJob = { id: nextId++, toolUse, setup };
    const result = Promise.withResolvers<ToolGrammar>();
    waiting.set(job.id, result);
    worker.postMessage(job);
    return result.promise;
  }

  return {
    async compile(toolUse, setup) {
      const key = JSON.stringify([toolUse, setup]);
      const known = kept.get(key);
      kept.delete(key);
      const compiling =
        known ??
        (key.length > longestAtOnce
          ? inWorker(toolUse, setup)
          : Promise.resolve().then(() => toolGrammar(toolUse, setup)));
      kept.set(key, compiling);
      for (const oldest of kept.keys()) {
        if (kept.size <= keptCount) break;
        kept.delete(oldest);
      }
      try {
        return await compiling;
      } catch (thrown) {
        kept.delete(key);
        throw thrown;
      }
    },
  };
}

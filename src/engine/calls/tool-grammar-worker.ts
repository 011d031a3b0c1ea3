import { parentPort } from 'node:worker_threads';
import type { ToolUse } from '../../chat/tool.ts';
import type { WireError } from '../protocol.ts';
import { toWireError } from '../wire-part.ts';
import { toolGrammar, type ToolGrammar, type ToolGrammarSetup } from './tool-grammar.ts';

/** Thread in which large sets of tools are compiled, so that no reader waits for it. */

export interface CompileJob {
  readonly id: number;
  readonly toolUse: ToolUse;
  readonly setup: ToolGrammarSetup;
}

export type CompileReply =
  { readonly id: number; readonly grammar: ToolGrammar } | { readonly id: number; readonly error: WireError };

parentPort?.on('message', ({ id, toolUse, setup }: CompileJob) => {
  let reply: CompileReply;
  try {
    reply = { id, grammar: toolGrammar(toolUse, setup) };
  } catch (thrown) {
    reply = { id, error: toWireError(thrown) };
  }
  parentPort?.postMessage(reply);
});

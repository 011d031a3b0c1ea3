import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { EngineCommand, EngineEvent } from './protocol.ts';

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it printed last, oldest first: native code says here why it aborted. */
  readonly lastLines: readonly string[];
}

/** One living child. Nothing is delivered to its handlers after `onGone`. */
export interface ChildConnection {
  readonly processId: number | null;
  /** Never throws; a command to a dying child is lost, and `onGone` follows. */
  send(command: EngineCommand): void;
  /** SIGKILL: works on a child that hangs in native code. */
  kill(): void;
}

export interface ChildHandlers {
  onEvent(event: EngineEvent): void;
  /** Exactly once, after the last event. */
  onGone(end: ChildEnd): void;
}

/** Starts a child. The seam where tests put a child without a process. */
export type ConnectChild = (handlers: ChildHandlers) => ChildConnection;

const keptLineCount = 20;
const keptLineLength = 500;
/** The channel normally closes with the process; a grandchild that inherited it must not hold up the restart. */
const drainMs = 500;

/** The child's program, as source in a clone and compiled in the published package. */
export function childEntry(): string {
  return fileURLToPath(new URL(`./child${extname(import.meta.filename)}`, import.meta.url));
}

/**
 * Forks `entry` with the Node that runs this process. The channel is its lifeline: the child exits when it closes.
 * Its output goes line by line to `onLine`.
 */
export function forkChild(entry: string, onLine: (line: string) => void): ConnectChild {
  return (handlers) => {
    // Flags of this process (a test runner's loader, an inspector's port) are not meant for the child.
    const child = fork(entry, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    const lastLines: string[] = [];
    let end: { code: number | null; signal: string | null } | null = null;
    let isChannelClosed = false;
    let isGone = false;

    function readLines(stream: Readable | null): void {
      if (stream === null) return;
      createInterface({ input: stream }).on('line', (line) => {
        const text = line.slice(0, keptLineLength);
        if (text.trim() === '') return;
        lastLines.push(text);
        if (lastLines.length > keptLineCount) lastLines.shift();
        onLine(text);
      });
    }
    readLines(child.stdout);
    readLines(child.stderr);

    function finish(): void {
      if (isGone) return;
      isGone = true;
      handlers.onGone({ code: end?.code ?? null, signal: end?.signal ?? null, lastLines });
    }

    child.on('message', (message) => {
      if (!isGone) handlers.onEvent(message as unknown as EngineEvent);
    });
    child.on('error', (error) => {
      lastLines.push(error.message);
      if (child.pid === undefined) finish();
    });
    // Parts that the child wrote before it died are still in the channel: they count.
    child.on('exit', (code, signal) => {
      end = { code, signal };
      if (isChannelClosed) finish();
      else setTimeout(finish, drainMs);
    });
    child.on('disconnect', () => {
      isChannelClosed = true;
      if (end !== null) finish();
      else setTimeout(() => child.kill('SIGKILL'), drainMs);
    });

    return {
      processId: child.pid ?? null,
      send(command) {
        if (!child.connected) return;
        child.send(command, () => {
          // A failed write means a dying child; its end is reported by `exit`.
        });
      },
      kill() {
        child.kill('SIGKILL');
      },
    };
  };
}

/** How a process ended, with the line that most likely says why. */
export function describeEnd(end: ChildEnd): string {
  const how = end.signal !== null ? `signal ${end.signal}` : `exit code ${end.code ?? 'unknown'}`;
  const reason = end.lastLines.findLast((line) => /assert|abort|error|fail|exception/i.test(line));
  return reason === undefined ? how : `${how}: ${reason.trim()}`;
}

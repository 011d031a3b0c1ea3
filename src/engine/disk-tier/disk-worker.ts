/** The thread that seals, writes and reads files of saved prefixes, so that the step loop never waits. See disk-thread.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { createDiskFolder, type DiskFolderOptions } from './disk-folder.ts';
import type { DiskCommand, DiskReply } from './disk-thread.ts';

type Write = Extract<DiskCommand, { type: 'write' }>;

const folder = createDiskFolder(workerData as DiskFolderOptions);
/** Someone waits for what is read; writes can wait. */
const urgent: Exclude<DiskCommand, Write>[] = [];
const writes: Write[] = [];
let isBusy = true;

function say(reply: DiskReply, transfer: readonly ArrayBuffer[] = []): void {
  const { usedBytes, rejectedCount } = folder;
  parentPort?.postMessage({ ...reply, usedBytes, rejectedCount }, [...transfer]);
}

async function work(): Promise<void> {
  isBusy = true;
  for (;;) {
    const command = urgent.shift() ?? writes.shift();
    if (command === undefined) break;
    await run(command);
  }
  isBusy = false;
}

async function run(command: DiskCommand): Promise<void> {
  switch (command.type) {
    case 'write':
      return write(command);
    case 'read':
      return read(command.id);
    case 'touch':
      return folder.touch(command.ids);
    case 'remove':
      for (const id of command.ids) {
        if (takeWrite(id) !== null) say({ type: 'written', id, gone: [], outcome: 'dropped', reason: null });
      }
      return folder.remove(command.ids);
  }
}

async function write({ id, blob }: Write): Promise<void> {
  try {
    const gone = await folder.write(id, blob);
    say({ type: 'written', id, gone, outcome: 'written', reason: null });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    say({ type: 'written', id, gone: [id], outcome: 'failed', reason });
  }
}

async function read(id: number): Promise<void> {
  const waiting = takeWrite(id);
  if (waiting !== null) await write(waiting);
  const data = await folder.read(id);
  // Bytes of their own, so that they can be handed over and not copied.
  const own = data === null ? null : data.byteLength === data.buffer.byteLength ? data : data.slice();
  say({ type: 'read', id, data: own }, own === null ? [] : [own.buffer as ArrayBuffer]);
}

function takeWrite(id: number): Write | null {
  const index = writes.findIndex((write) => write.id === id);
  return index < 0 ? null : (writes.splice(index, 1)[0] ?? null);
}

parentPort?.on('message', (command: DiskCommand) => {
  if (command.type === 'write') writes.push(command);
  else urgent.push(command);
  if (!isBusy) void work();
});

try {
  say({ type: 'found', files: await folder.open(), error: null });
} catch (thrown) {
  say({ type: 'found', files: [], error: thrown instanceof Error ? thrown.message : String(thrown) });
}
await work();

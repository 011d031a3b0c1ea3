import type { Disk, DiskWriter } from './disk.ts';

/** A disk in memory with the rules of OPFS: one writer a file, a quota, and what is written is there at once. */
export interface FakeDisk extends Disk {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  quotaBytes: number;
}

export function fakeDisk(): FakeDisk {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const writing = new Set<string>();
  const used = (): number => [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const bytesOf = (name: string): Uint8Array<ArrayBuffer> => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new DOMException('There is none.', 'NotFoundError');
    return bytes;
  };
  const disk: FakeDisk = {
    files,
    quotaBytes: Infinity,
    names: () => Promise.resolve([...files.keys()]),
    size: (name) => Promise.resolve(files.get(name)?.length ?? null),
    read: async (name) => Promise.resolve(new Blob([bytesOf(name)])),
    openWriter(name) {
      if (writing.has(name))
        return Promise.reject(new DOMException('It is open.', 'NoModificationAllowedError'));
      writing.add(name);
      if (!files.has(name)) files.set(name, new Uint8Array());
      const resize = (byteCount: number): void => {
        const resized = new Uint8Array(byteCount);
        resized.set(bytesOf(name).subarray(0, byteCount));
        files.set(name, resized);
      };
      const writer: DiskWriter = {
        get size() {
          return bytesOf(name).length;
        },
        read: (offset, byteCount) => bytesOf(name).slice(offset, offset + byteCount),
        write(bytes, offset) {
          const wanted = Math.max(bytesOf(name).length, offset + bytes.length);
          if (used() - bytesOf(name).length + wanted > disk.quotaBytes)
            throw new DOMException('No room.', 'QuotaExceededError');
          resize(wanted);
          bytesOf(name).set(bytes, offset);
        },
        truncate: resize,
        flush: () => undefined,
        close: () => {
          writing.delete(name);
        },
      };
      return Promise.resolve(writer);
    },
    remove(name) {
      if (writing.has(name))
        return Promise.reject(new DOMException('It is open.', 'NoModificationAllowedError'));
      files.delete(name);
      return Promise.resolve();
    },
    estimate: () =>
      Promise.resolve(
        disk.quotaBytes === Infinity ? null : { usedBytes: used(), quotaBytes: disk.quotaBytes },
      ),
  };
  return disk;
}

/** Web Locks within one process: exclusive and shared, queued, `ifAvailable` and `signal`. */
export function fakeLocks(): Pick<LockManager, 'request' | 'query'> {
  interface Held {
    readonly name: string;
    readonly mode: LockMode;
  }
  const held: Held[] = [];
  const waiting: { readonly wanted: Held; readonly grant: () => void }[] = [];
  const isFree = ({ name, mode }: Held): boolean =>
    held.every((each) => each.name !== name || (each.mode === 'shared' && mode === 'shared'));
  const pump = (): void => {
    for (const entry of [...waiting]) {
      const isFirst = waiting.find(({ wanted }) => wanted.name === entry.wanted.name) === entry;
      if (!isFirst || !isFree(entry.wanted)) continue;
      waiting.splice(waiting.indexOf(entry), 1);
      held.push(entry.wanted);
      entry.grant();
    }
  };
  const request = async (
    name: string,
    given: LockOptions | ((lock: Lock | null) => unknown),
    then?: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    const options = typeof given === 'function' ? {} : given;
    const run = typeof given === 'function' ? given : then;
    if (run === undefined) throw new TypeError('A callback is needed.');
    const wanted: Held = { name, mode: options.mode ?? 'exclusive' };
    if (
      options.ifAvailable === true &&
      (!isFree(wanted) || waiting.some((each) => each.wanted.name === name))
    )
      return run(null);
    await new Promise<void>((grant, reject) => {
      const entry = { wanted, grant };
      const abort = (): void => {
        if (waiting.includes(entry)) waiting.splice(waiting.indexOf(entry), 1);
        reject(new DOMException('Aborted.', 'AbortError'));
      };
      if (options.signal?.aborted === true) {
        abort();
        return;
      }
      options.signal?.addEventListener('abort', abort, { once: true });
      waiting.push(entry);
      pump();
    });
    try {
      return await run({ name, mode: wanted.mode });
    } finally {
      held.splice(held.indexOf(wanted), 1);
      pump();
    }
  };
  return {
    request,
    query: () => Promise.resolve({ held: [...held], pending: waiting.map(({ wanted }) => wanted) }),
  };
}

/** Where downloads are kept: the origin's private file system (OPFS), or a fake of it in tests. Names are flat. */
export interface Disk {
  /** Names of all files, records included. */
  names(): Promise<readonly string[]>;
  /** In bytes; null where there is no such file. */
  size(name: string): Promise<number | null>;
  /** @throws DOMException where there is no such file */
  read(name: string): Promise<Blob>;
  /**
   * Opens a file for writing, and makes it where it is not. Only in a dedicated worker.
   * @throws DOMException where it is open already
   */
  openWriter(name: string): Promise<DiskWriter>;
  /** No error where there is none. @throws DOMException where it is being written */
  remove(name: string): Promise<void>;
  /** What this site uses and may use, in bytes; null where the browser does not tell. */
  estimate(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number } | null>;
}

export interface DiskWriter {
  /** In bytes. */
  readonly size: number;
  read(offset: number, byteCount: number): Uint8Array;
  /** At once, in its place. @throws DOMException `QuotaExceededError` where there is no room */
  write(bytes: Uint8Array, offset: number): void;
  truncate(byteCount: number): void;
  /** What was written is on the disk from here on. */
  flush(): void;
  close(): void;
}

/** The part of the standard that TypeScript's DOM library leaves to its library for workers. */
interface SyncAccessHandle {
  getSize(): number;
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** Whether this browser has what downloads need. */
export function hasOpfs(): boolean {
  return (
    typeof navigator !== 'undefined' &&
    typeof (navigator as Partial<Navigator>).storage?.getDirectory === 'function'
  );
}

/** @param folderName below the origin's private root */
export function opfsDisk(folderName = 'nearfar'): Disk {
  const folder = async (): Promise<FileSystemDirectoryHandle> =>
    (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create: true });

  async function find(name: string): Promise<FileSystemFileHandle | null> {
    try {
      return await (await folder()).getFileHandle(name);
    } catch (thrown) {
      if (isNamed(thrown, 'NotFoundError')) return null;
      throw thrown;
    }
  }

  return {
    async names() {
      const names: string[] = [];
      for await (const name of (await folder()).keys()) names.push(name);
      return names;
    },
    async size(name) {
      const handle = await find(name);
      return handle === null ? null : (await handle.getFile()).size;
    },
    async read(name) {
      return (await (await folder()).getFileHandle(name)).getFile();
    },
    async openWriter(name) {
      const handle = await (await folder()).getFileHandle(name, { create: true });
      const opener = handle as FileSystemFileHandle & {
        readonly createSyncAccessHandle?: () => Promise<SyncAccessHandle>;
      };
      if (opener.createSyncAccessHandle === undefined) {
        throw new Error('Files can only be written from a dedicated worker, in a browser that has OPFS.');
      }
      return writerOf(await opener.createSyncAccessHandle());
    },
    async remove(name) {
      try {
        await (await folder()).removeEntry(name);
      } catch (thrown) {
        if (!isNamed(thrown, 'NotFoundError')) throw thrown;
      }
    },
    async estimate() {
      const { usage, quota } = await navigator.storage.estimate();
      return usage === undefined || quota === undefined ? null : { usedBytes: usage, quotaBytes: quota };
    },
  };
}

function writerOf(handle: SyncAccessHandle): DiskWriter {
  return {
    get size() {
      return handle.getSize();
    },
    read(offset, byteCount) {
      const bytes = new Uint8Array(byteCount);
      return bytes.subarray(0, handle.read(bytes, { at: offset }));
    },
    write(bytes, offset) {
      const written = handle.write(bytes, { at: offset });
      if (written < bytes.length)
        throw new DOMException('Only a part could be written.', 'QuotaExceededError');
    },
    truncate: (byteCount) => {
      handle.truncate(byteCount);
    },
    flush: () => {
      handle.flush();
    },
    close: () => {
      handle.close();
    },
  };
}

/** DOMExceptions are told apart by their names; newer errors of the quota are a class of their own with the same name. */
export function isNamed(thrown: unknown, name: string): boolean {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === name;
}

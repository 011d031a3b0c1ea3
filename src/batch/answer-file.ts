import { open, rename, rm, type FileHandle } from 'node:fs/promises';

/** Where rows go, whole or not at all. */
export interface AnswerSink {
  /** Resolves when the row is with the operating system. Rows keep the order of the calls. */
  append(row: string): Promise<void>;
  /** Everything appended is on the disk, or with the reader, when this resolves. */
  close(): Promise<void>;
}

/** A power cut may cost the rows of this time; a kill costs none. */
const syncEveryMs = 1000;

/** Appends to a file: one write a row, synced at most once a second and at the end. */
export async function openAnswerFile(path: string): Promise<AnswerSink> {
  const file = await open(path, 'a');
  let syncedAt = performance.now();
  return inTurn(
    async (row) => {
      await writeWhole(file, row);
      if (performance.now() - syncedAt < syncEveryMs) return;
      syncedAt = performance.now();
      await file.datasync();
    },
    async () => {
      await file.datasync().catch(notForPipes);
      await file.close();
    },
  );
}

/** Rows to a stream, as fast as its reader takes them. */
export function answerStream(stream: NodeJS.WritableStream): AnswerSink {
  return inTurn(
    (row) =>
      new Promise((resolve, reject) => {
        stream.write(row, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    () => Promise.resolve(),
  );
}

function inTurn(append: (row: string) => Promise<void>, close: () => Promise<void>): AnswerSink {
  let last: Promise<void> = Promise.resolve();
  return {
    append: (row) => (last = last.then(() => append(row))),
    close: async () => {
      try {
        await last;
      } finally {
        await close();
      }
    },
  };
}

async function writeWhole(file: FileHandle, row: string): Promise<void> {
  const bytes = Buffer.from(row);
  for (let from = 0; from < bytes.length;) from += (await file.write(bytes, from)).bytesWritten;
}

/** Puts `bytes` in the place of the file: whoever looks sees the old or the new, never a part. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.partial`;
  try {
    const file = await open(partial, 'w');
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (thrown) {
    await rm(partial, { force: true });
    throw thrown;
  }
}

/** `/dev/stdout` and pipes cannot be synced. */
function notForPipes(thrown: unknown): void {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EINVAL') return;
  throw thrown;
}

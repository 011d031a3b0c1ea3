import { open, type FileHandle } from 'node:fs/promises';

export interface FileStreamOptions {
  readonly path: string;
  /** Both included, counted from 0. */
  readonly first: number;
  readonly last: number;
  /** A reader that takes nothing for this long is dropped, milliseconds. */
  readonly idleMs: number;
  /** Cuts the connection of such a reader; null where there is none. */
  readonly disconnect: (() => void) | null;
}

const chunkBytes = 256 * 1024;

/**
 * A part of a file as a web stream. It is opened when the first bytes are asked for (so never for HEAD), and closed at the
 * end, when the reader leaves and when it stops reading. A file that has become shorter is an error of the stream.
 */
export function fileStream({
  path,
  first,
  last,
  idleMs,
  disconnect,
}: FileStreamOptions): ReadableStream<Uint8Array> {
  let file: FileHandle | null = null;
  let at = first;
  let idle: NodeJS.Timeout | undefined;
  const close = async (): Promise<void> => {
    clearTimeout(idle);
    const opened = file;
    file = null;
    await opened?.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(idle);
        try {
          file ??= await open(path, 'r');
          const bytes = new Uint8Array(Math.min(chunkBytes, last + 1 - at));
          const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
          if (bytesRead === 0) throw new Error(`${path} is shorter than it was.`);
          at += bytesRead;
          controller.enqueue(bytesRead === bytes.length ? bytes : bytes.subarray(0, bytesRead));
          if (at > last) {
            await close();
            controller.close();
            return;
          }
          idle = setTimeout(() => {
            if (disconnect === null) controller.error(new Error('The client stopped reading.'));
            void close();
            // The end of the connection ends the stream too.
            disconnect?.();
          }, idleMs);
        } catch (thrown) {
          await close();
          throw thrown;
        }
      },
      cancel: close,
    },
    // Nothing is read ahead: a stream that nobody reads holds no file.
    { highWaterMark: 0 },
  );
}

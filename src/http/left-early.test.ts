import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { DirectRequest } from './direct-request.ts';

/** What is sent, and the pair that comes of it, looked at in a later turn than the one in which its client was gone. */
async function leftAfter(text: string): Promise<DirectRequest> {
  let server = createServer();
  const arrived = new Promise<readonly [IncomingMessage, ServerResponse]>((resolve) => {
    server = createServer((incoming, outgoing) => {
      incoming.socket.destroy();
      incoming.socket.once('close', () => {
        setImmediate(resolve, [incoming, outgoing]);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  const [incoming, outgoing] = await arrived;
  server.close();
  return new DirectRequest(incoming, outgoing);
}

const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n';

it.each([head, `${head}{`, `${head}{}`])(
  'hears at once of a client that is gone already (%#)',
  async (text) => {
    const request = await leftAfter(text);
    expect(request.signal.aborted).toBe(true);
    // Those that were whole may be read or not.
    const bytes = await Promise.resolve(request.takeBytes()).then(
      (all) => all.length,
      () => 'gone',
    );
    expect(text.endsWith('{}') ? [2, 'gone'] : ['gone']).toContain(bytes);
  },
);

import process from 'node:process';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { freePort, startServer, type ServerCommand } from './child-server.ts';

function commandOf(script: string, port: number): ServerCommand {
  return {
    label: 'test server',
    file: process.execPath,
    args: ['-e', script],
    env: process.env,
    origin: `http://127.0.0.1:${port}`,
    healthPath: '/health',
    startTimeoutMs: 20_000,
  };
}

describe('child server', () => {
  it('waits until the server is healthy and ends it', async () => {
    const port = await freePort();
    const script = `
      let asked = 0;
      require('http').createServer((request, response) => {
        response.writeHead(asked++ < 2 ? 503 : 200).end();
      }).listen(${port}, '127.0.0.1');`;
    const server = await startServer(commandOf(script, port));
    expect(server.startMs).toBeGreaterThan(0);
    await server.stop();
    await server.stop();
    await expect(request(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });

  it('reports why a server did not start, with the end of its log', async () => {
    const port = await freePort();
    const script = `console.error('no such model'); process.exitCode = 3;`;
    await expect(startServer(commandOf(script, port))).rejects.toThrow(/exit 3[^]*no such model/);
  });
});

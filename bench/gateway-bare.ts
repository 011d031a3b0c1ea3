import { createServer } from 'node:http';
import process from 'node:process';
import { Pool } from 'undici';

/**
 * The least that a gateway of node:http and undici does: the body in, the answer's bytes out, nothing read or kept. What it
 * costs is the floor of `bench -- gateway`. Arguments: its port, the upstream's origin.
 */
const [port, upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream);

const server = createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ok');
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const headers = { 'content-type': 'application/json' };
    pool.dispatch(
      { method: 'POST', path: request.url ?? '/', headers, body: Buffer.concat(chunks) },
      {
        onRequestStart: () => undefined,
        onResponseStart(_controller, status, { 'content-type': type, 'content-length': length }) {
          const ownHeaders = length === undefined ? {} : { 'content-length': String(length) };
          response.writeHead(status, { 'content-type': String(type), ...ownHeaders });
        },
        onResponseData: (_controller, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    );
  });
});
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1');

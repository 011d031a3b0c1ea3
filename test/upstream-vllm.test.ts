import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeUpstream } from '../src/upstream/probe.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { upstreamSuite } from './upstream-suite.ts';

/** A real vLLM. `npm run test:vllm` installs and starts one and says where it is; without it these tests are skipped. */
const origin = process.env['NEARFAR_TEST_VLLM'] ?? '';
const served = process.env['NEARFAR_TEST_VLLM_MODEL'] ?? 'smol';

let far: FarGateway;

describe.skipIf(origin === '')('vLLM as an upstream', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const one = { preset: 'vllm', baseUrl: `${origin}/v1` };
    far = await farGateway({
      // What the peer says is looked at, each time anew.
      cache: { upstreams: false },
      logLevel: 'error',
      aliases: { 'pair/m': `pair/${served}` },
      upstreams: [
        { ...one, name: 'open', models: [served] },
        {
          ...one,
          name: 'pair',
          replicas: [`${origin.replace('127.0.0.1', 'localhost')}/v1`],
          models: [served],
        },
      ],
    });
  });
  afterAll(async () => {
    await far.close();
  });

  it('is known for what it is', async () => {
    expect(await probeUpstream(origin, null)).toMatchObject({
      protocol: 'openai',
      preset: 'vllm',
      models: [served],
    });
  });

  upstreamSuite({ far: () => far, models: [`open/${served}`], tooManyWords: 4000 });

  it('takes the fields that the preset knows', async () => {
    const response = await fetch(`${far.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: `open/${served}`,
        messages: [{ role: 'user', content: 'Say hello.' }],
        stream: false,
        options: { top_k: 5, min_p: 0.1, repeat_penalty: 1.1, num_predict: 4 },
      }),
    });
    expect(response.status, await response.text()).toBe(200);
  });
});

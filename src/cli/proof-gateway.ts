import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { NearfarError } from '../chat/error.ts';
import type { Call } from '../privacy/prove/calls.ts';
import type { SuiteFaults } from '../privacy/prove/leak-suite.ts';
import { createRecordingUpstream, type RecordingUpstream } from '../privacy/prove/recording-upstream.ts';
import { createStandInModel } from '../privacy/prove/stand-in-models.ts';
import { composeGateway } from './compose.ts';

/** A gateway with somebody's settings whose upstreams are recording servers on loopback: nothing real is called. */
export interface ProofGateway {
  readonly ask: (
    call: Call,
    readBytes: number | null,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly recording: RecordingUpstream;
  close(): Promise<void>;
}

/**
 * Everything else is as the settings have it, but for what would touch the owner's own state: keys, the database, files and
 * captured texts are those of a home that lasts as long as the proof. Waiting times are short, so that faults take no minutes.
 */
export async function openProofGateway(loaded: LoadedSettings, faults: SuiteFaults): Promise<ProofGateway> {
  const recording = await createRecordingUpstream(faults.upstream);
  const home = await mkdtemp(path.join(os.tmpdir(), 'nearfar-proof-'));
  try {
    const settings = proofSettings(loaded.settings, recording);
    const { near } = settings;
    const gateway = await composeGateway(
      { ...loaded, settings, home, file: null },
      {
        isPrivate: true,
        standIn: {
          modelIds: [near],
          localModels: {
            model: (id) =>
              id === near
                ? Promise.resolve(createStandInModel(id, faults.near))
                : Promise.reject(new NearfarError('model_not_found', 'This model is not here.')),
            load: () => Promise.reject(new Error('Nothing is loaded in a proof.')),
            running: () => [],
            unload: () => Promise.resolve(),
            close: () => Promise.resolve(),
          },
        },
      },
    );
    return {
      recording,
      ask: (call, readBytes) => ask(gateway.fetch, call, readBytes),
      async close() {
        await gateway.close();
        await recording.close();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    await recording.close();
    await rm(home, { recursive: true, force: true });
    throw thrown;
  }
}

function proofSettings(settings: Settings, recording: RecordingUpstream): Settings {
  return {
    ...settings,
    keys: [],
    requireKeys: false,
    logLevel: 'error',
    capturePath: null,
    ledgerPath: null,
    databaseEnv: null,
    fastestFormat: false,
    upstreams: settings.upstreams.map(({ env: _env, file: _file, ...upstream }) => ({
      ...upstream,
      baseUrl: recording.addressOf(upstream.name),
      replicas: upstream.replicas.map((_, index) => recording.addressOf(upstream.name, index + 1)),
      timeouts: { connectMs: 2000, firstTokenMs: 5000, idleMs: 2000 },
      retries: Math.min(upstream.retries, 1),
      longestWaitMs: 50,
    })),
  };
}

async function ask(
  fetch: (request: Request) => Promise<Response>,
  { path: route, headers, body }: Call,
  readBytes: number | null,
): Promise<{ status: number; text: string }> {
  const response = await fetch(
    new Request(`http://localhost${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );
  const { status } = response;
  if (readBytes === null || response.body === null) return { status, text: await response.text() };
  const reader = response.body.getReader();
  let text = '';
  while (text.length < readBytes) {
    const next = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (next.value === undefined) return { status, text };
    text += Buffer.from(next.value).toString('utf8');
  }
  // The client has gone away.
  await reader.cancel();
  return { status, text };
}

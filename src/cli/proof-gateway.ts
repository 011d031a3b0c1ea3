import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ModelGrade } from '../chat/part.ts';
import type { LoadedSettings } from '../config/load.ts';
import { exercisedIn, type Exercised } from '../privacy/prove/exercised.ts';
import { readAudits } from '../ledger/audit-rows.ts';
import { createStore } from '../store/store.ts';
import { createModelStore } from '../models/store.ts';
import type { Settings } from '../config/schema.ts';
import { NearfarError } from '../chat/error.ts';
import type { Call } from '../privacy/prove/calls.ts';
import type { SuiteFaults } from '../privacy/prove/leak-suite.ts';
import { plainCaller, type ProofCaller } from '../privacy/prove/proof-caller.ts';
import { createRecordingUpstream, type RecordingUpstream } from '../privacy/prove/recording-upstream.ts';
import { createStandInModel } from '../privacy/prove/stand-in-models.ts';
import { composeGateway } from './compose.ts';
import { ledgerFile } from './open-state.ts';
import { openProfile } from './profile-files.ts';
import { policyOf } from './routing.ts';

/** A gateway with somebody's settings whose upstreams are recording servers on loopback: nothing real is called. */
export interface ProofGateway {
  readonly ask: (
    call: Call,
    readBytes: number | null,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly recording: RecordingUpstream;
  /** Keys that may ask; the first one without bounds. */
  readonly callers: readonly ProofCaller[];
  readonly checksByModel: boolean;
  /** What took part, by the ledger: how many requests each part of nearfar had a hand in. */
  exercised(): Promise<Exercised>;
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
    const keys = await proofKeys(loaded.settings, home);
    const settings = {
      ...proofSettings(loaded.settings, recording),
      keys: keys.map(({ setting }) => setting),
    };
    if (policyOf(settings) === 'calibrated') {
      // Says by its name what is not there.
      openProfile(loaded.home, settings.route.profile ?? '');
      await cp(path.join(loaded.home, 'profiles'), path.join(home, 'profiles'), { recursive: true });
    }
    const { near } = settings;
    let comparedCount = 0;
    const countVector = (): void => {
      comparedCount += 1;
    };
    const grade = await gradeOf(near, loaded);
    const embedder = settings.cache.semantic?.embedder;
    const modelIds = [near, ...(embedder === undefined ? [] : [embedder])];
    const gateway = await composeGateway(
      { ...loaded, settings, home, file: null },
      {
        isPrivate: true,
        standIn: {
          modelIds,
          grade,
          localModels: {
            model: (id) =>
              modelIds.includes(id)
                ? Promise.resolve(
                    createStandInModel(
                      id,
                      id === near ? faults : { ...faults, onVector: countVector },
                      grade,
                    ),
                  )
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
      callers: keys.length === 0 ? [plainCaller] : keys.map(({ caller }) => caller),
      checksByModel: settings.privacy.detect === 'on' && settings.privacy.check === 'model',
      async exercised() {
        await gateway.ledger.flush();
        const state = await createStore({ path: ledgerFile({ ...loaded, settings, home }) });
        try {
          const always = { from: 0, to: Number.MAX_SAFE_INTEGER };
          return exercisedIn(
            comparedCount,
            await gateway.ledger.recent(1_000_000),
            await readAudits(state, always, 1_000_000),
          );
        } finally {
          await state.close();
        }
      },
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

/** That of the near model where it is here; one that is not yet is taken for the best, with which most is sent to it. */
async function gradeOf(near: string, { home, settings }: LoadedSettings): Promise<ModelGrade> {
  const store = createModelStore({ home, hub: { endpoint: settings.hub.endpoint, token: null } });
  return (await store.find(near))?.facts.grade ?? 'assistant';
}

interface ProofKey {
  readonly setting: Settings['keys'][number];
  readonly caller: ProofCaller;
}

/**
 * The keys of the settings with secrets of their own and without limits, and before them one without any bound: none where the
 * settings have no keys.
 */
async function proofKeys({ keys, privacy }: Settings, home: string): Promise<readonly ProofKey[]> {
  const named = keys.map(({ name, localOnly, privacy: mode }) => ({ name, localOnly, privacy: mode }));
  // Keys that `nearfar keys` made are in the settings by their names only.
  const others = Object.keys(privacy.keys)
    .filter((name) => !keys.some((key) => key.name === name))
    .map((name) => ({ name, localOnly: false, privacy: null }));
  if (named.length + others.length === 0) return [];
  const all = [{ name: 'proof-owner', localOnly: false, privacy: null }, ...named, ...others];
  return Promise.all(
    all.map(async (key, index): Promise<ProofKey> => {
      const secret = randomBytes(24).toString('base64url');
      const file = path.join(home, `key-${String(index)}`);
      await writeFile(file, secret, { mode: 0o600 });
      const mode = key.privacy ?? (Object.hasOwn(privacy.keys, key.name) ? privacy.keys[key.name] : null);
      const unbounded = {
        models: null,
        requestsPerMinute: null,
        tokensPerMinute: null,
        budgetPerDay: null,
        budgetPerMonth: null,
      };
      return {
        setting: { ...key, ...unbounded, file, scopes: ['use'] },
        caller: {
          headers: { authorization: `Bearer ${secret}` },
          isLocalOnly: key.localOnly,
          isExcepted: mode === 'open',
        },
      };
    }),
  );
}

function proofSettings(settings: Settings, recording: RecordingUpstream): Settings {
  return {
    ...settings,
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

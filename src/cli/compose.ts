import path from 'node:path';
import { createAccess } from '../access/create-access.ts';
import { createAnswer } from '../answer/create-answer.ts';
import { isLoopbackHost, type LoadedSettings } from '../config/load.ts';
import type { LocalModels } from '../engine/local-models.ts';
import { createModelPool } from '../engine/model-pool.ts';
import { createApp } from '../http/app.ts';
import type { AppDependencies } from '../http/dependencies.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { createSpill } from '../ledger/spill.ts';
import { chooseFromCatalog } from '../models/catalog.ts';
import { parseReference } from '../models/reference.ts';
import type { ModelStore } from '../models/store.ts';
import { createLog, type Log } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { createLabel } from '../privacy/label.ts';
import { createRoute } from '../route/route.ts';
import { createStore } from '../store/store.ts';
import { loadOptionsFor } from './load-options.ts';
import { createModelIndex } from './model-index.ts';
import { openStore } from './open-store.ts';
import { accessKeys, secretsOf } from './secrets.ts';
import { nearfarVersion } from './version.ts';

/** Everything that answers, built from the settings; no socket yet. */
export interface Gateway {
  readonly app: ReturnType<typeof createApp>;
  /** A request answered within this process, by the same routes. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly store: ModelStore;
  readonly localModels: LocalModels;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly dependencies: AppDependencies;
  /** Makes `near` stand for another model; lasts as long as this gateway. */
  readonly setNear: (modelId: string) => void;
  /** Ends the answers under way, then the engine, then the ledger. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/**
 * The composition root: the only place that knows every room.
 * @throws SettingsError or NearfarError where keys, ledger or settings cannot be used
 */
export async function composeGateway(loaded: LoadedSettings): Promise<Gateway> {
  const { settings, home } = loaded;
  const log = createLog({ level: settings.logLevel, format: settings.logFormat, secrets: secretsOf(loaded) });
  const isLoopback = isLoopbackHost(settings.host);
  const access = createAccess({ keys: await accessKeys(loaded), isLoopback });
  const store = await openStore(loaded, (line) => {
    log.info(line);
  });
  const index = createModelIndex(store);

  const localModels = createModelPool({
    findModel: index.find,
    loadOptionsFor: (model) => loadOptionsFor(model, loaded),
    maxLoadedCount: settings.engine.maxLoadedModels,
    defaultModelId: settings.near,
    keepAliveSeconds: settings.engine.keepAliveSeconds,
    watchdogMs: settings.engine.watchdogMs,
    log: (level, text) => {
      log[level](text);
    },
  });

  const ledgerPath = settings.ledgerPath ?? path.join(home, 'ledger.sqlite');
  const state = await createStore({ path: path.resolve(home, ledgerPath) });
  const ledger = await createLedger({
    store: state,
    spill: createSpill(`${path.resolve(home, ledgerPath)}.spill`),
    warn: (message, cause) => {
      log.warn(message, cause === undefined ? {} : { cause });
    },
  });

  const version = nearfarVersion();
  const metrics = createMetrics({
    running: () => localModels.running(),
    pendingRows: () => ledger.pendingCount,
    version,
  });
  const routeTo = (near: string) => createRoute({ aliases: settings.aliases, near, listModelIds: index.ids });
  // Replaced when the owner takes up the better model that the first start offers.
  let route = routeTo(settings.near);
  const answer = createAnswer({
    label: createLabel({ floor: 'open' }),
    route: { decide: (request) => route.decide(request) },
    models: localModels,
    settle: (row) => {
      ledger.record(row);
      metrics.observeRow(row);
    },
    observeGap: metrics.observeGap,
  });

  const dependencies: AppDependencies = {
    answer,
    access,
    store,
    localModels,
    naming: {
      resolve: async (name) => (await route.resolve(name)).modelId,
      aliases: settings.aliases,
      isInCatalog,
    },
    countTokens: async (modelId, input, signal) =>
      (await localModels.model(modelId)).countTokens(input, signal),
    metrics: { contentType: metrics.contentType, render: metrics.render },
    readiness: () => readiness(localModels, index.known()),
    version,
    limits: settings.limits,
    hosts: { isLoopback, allowedHosts: settings.allowedHosts, allowedOrigins: settings.allowedOrigins },
    reportError: (error, requestId) => {
      log.error(error.message, {
        requestId,
        kind: error.kind,
        ...(error.cause === undefined ? {} : { cause: error.cause }),
      });
    },
  };
  const app = createApp(dependencies);

  let closing: Promise<void> | null = null;
  const close = async () => {
    await localModels.close();
    await ledger.close();
    await state.close();
  };
  return {
    app,
    fetch: async (request) => app.fetch(request),
    store,
    localModels,
    ledger,
    log,
    dependencies,
    setNear: (modelId) => {
      route = routeTo(modelId);
    },
    close: () => (closing ??= close()),
  };
}

/** The settings' own models are loaded by the first request, so having one on disk is being ready. */
function readiness(localModels: LocalModels, knownIds: readonly string[]) {
  const running = localModels.running();
  if (running.length > 0 && running.every((model) => model.state === 'restarting')) {
    return { ready: false, reason: 'The engine is being started again.' };
  }
  if (knownIds.length === 0) return { ready: false, reason: 'No model is on this machine yet.' };
  return { ready: true, reason: null };
}

function isInCatalog(reference: string): boolean {
  try {
    const parsed = parseReference(reference);
    return parsed.scheme === 'catalog' && chooseFromCatalog(parsed.id, parsed.format) !== null;
  } catch {
    return false;
  }
}

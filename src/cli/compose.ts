// Over 300 lines at times: the composition root, the only place that knows every room.
import type { AnswerDependencies } from '../answer/create-answer.ts';
import { createBonds } from '../balance/bonds.ts';
import { createBlockKey } from '../balance/prefix-blocks.ts';
import type { ChatModel } from '../chat/model.ts';
import { isLoopbackHost, type LoadedSettings } from '../config/load.ts';
import type { LoadedModel, LoadOptions } from '../engine/protocol.ts';
import { createUpstreamModels, type UpstreamModels } from '../upstream/upstream-models.ts';
import type { LocalModels } from '../engine/local-models.ts';
import { createModelPool } from '../engine/model-pool.ts';
import type { GatewayApp } from '../http/app.ts';
import type { AppDependencies } from '../http/dependencies.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { loadPriceTable } from '../ledger/price-file.ts';
import type { PriceTable } from '../ledger/prices.ts';
import { withAdapters } from '../models/adapter-book.ts';
import type { ModelStore } from '../models/store.ts';
import type { PromptCache } from '../promptcache/prompt-cache.ts';
import { createLog, type Log } from '../observe/log.ts';
import { findModelOrAdapter, openAdapters, reportAdapters } from './adapters.ts';
import { isInCatalog } from './catalog-name.ts';
import { loadOptionsFor } from './load-options.ts';
import { createModelIndex, findReference, type ModelIndex } from './model-index.ts';
import { openCapture } from './open-capture.ts';
import { databaseUrl, ledgerFile, openState, stateName } from './open-state.ts';
import { openStore } from './open-store.ts';
import { readiness } from './readiness.ts';
import { loadRooms } from './rooms.ts';
import { createForgetAnswers } from './forget-answers.ts';
import { openAnswerCache } from './answer-cache.ts';
import { createMemoryPredictor, memoryBudget } from './predicted-memory.ts';
import { openPromptCache, recallPrompts } from './prompt-cache.ts';
import { accessKeys, secretsOf } from './secrets.ts';
import { withStandIn, type StandIn } from './stand-in.ts';
import { openRouting, tierAliases } from './routing.ts';
import { createBilling, remoteNames, upstreamSettings } from './upstreams.ts';
import { nearfarVersion } from './version.ts';

/** Everything that answers, built from the settings; no socket yet. */
export interface Gateway {
  readonly app: Pick<GatewayApp, 'direct'> & {
    readonly fetch: (request: Request, env?: object) => Promise<Response> | Response;
  };
  /** A request answered within this process, by the same routes. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly store: ModelStore;
  readonly localModels: LocalModels;
  /** Settles when `preload` is in memory; null where nothing was to be loaded. */
  readonly loading: Promise<LoadedModel> | null;
  readonly ledger: Ledger;
  readonly prices: PriceTable;
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
export async function composeGateway(
  loaded: LoadedSettings,
  options: {
    readonly preload?: string;
    /** Changes how a model is loaded, each time that one is. */
    readonly adjustLoad?: (load: LoadOptions) => LoadOptions;
    /** Only this process asks: it needs none of the keys that `nearfar keys` made. */
    readonly isPrivate?: true;
    /** Answers in the place of this machine's models, whatever is here. */
    readonly standIn?: StandIn;
  } = {},
): Promise<Gateway> {
  const { settings } = loaded;
  const adjustLoad = options.adjustLoad ?? ((load: LoadOptions) => load);
  const prices = await loadPriceTable(loaded.home);
  const remoteSettings = await upstreamSettings(loaded, prices);
  const secrets = [...secretsOf(loaded), ...remoteSettings.flatMap(({ key }) => key?.reveal() ?? [])];
  // What fails behind a stand-in fails on purpose.
  const level = options.standIn === undefined ? settings.logLevel : 'silent';
  const log = createLog({ level, format: settings.logFormat, secrets });
  // First what starts the engine's process, so that it reads the weights while the other rooms are loaded here.
  const keys = await accessKeys(loaded);
  const promptCache = openPromptCache(loaded, createBilling(settings.upstreams, prices));
  const upstreams = createUpstreamModels(remoteSettings, promptCache);
  const store = await openStore(loaded, (line) => {
    log.info(line);
  });
  const ownIndex = createModelIndex(store);
  const adapters = await openAdapters(loaded, ownIndex, (line) => {
    log.info(line);
  });
  const models = withAdapters(store, adapters);
  // An adapter that is out of order can be asked for: who does hears why.
  const index = createModelIndex(models, [...adapters.names, ...(options.standIn?.modelIds ?? [])]);

  const localModels =
    options.standIn?.localModels ??
    createModelPool({
      findModel: (id) => findModelOrAdapter(id, ownIndex, adapters),
      loadOptionsFor: async (model) => {
        const room = await adapters.roomFor(model.facts.id);
        return adjustLoad(
          await loadOptionsFor(model, loaded, (reference) => findReference(store, reference), room),
        );
      },
      memoryBudgetBytes: memoryBudget(settings.engine.memoryBudgetBytes),
      predictMemory: createMemoryPredictor(),
      contextOverflowOf: (id) => settings.engine.contextOverflows[id] ?? settings.engine.contextOverflow,
      maxLoadedCount: settings.engine.maxLoadedModels,
      defaultModelId: settings.near,
      keepAliveSeconds: settings.engine.keepAliveSeconds,
      watchdogMs: settings.engine.watchdogMs,
      log: (level, text) => {
        log[level](text);
      },
    });
  const loading = options.preload === undefined ? null : localModels.load(options.preload);
  // Whoever asks for the model gets the reason too.
  loading?.catch(() => undefined);
  // Read once now, so that /ready knows from the start what is here.
  const remote = { upstreams, promptCache };
  const parts: Parts = {
    loaded,
    log,
    secrets,
    keys,
    prices,
    store: models,
    index,
    localModels,
    ...remote,
    loading,
    isPrivate: options.isPrivate === true,
    standIn: options.standIn ?? null,
  };
  try {
    await index.ids();
    await reportAdapters(adapters, log.warn);
    return await composeRooms(parts);
  } catch (thrown) {
    // The engine's process is there already and would keep this one alive.
    await localModels.close();
    throw thrown;
  }
}

interface Parts {
  readonly loaded: LoadedSettings;
  readonly log: Log;
  readonly secrets: readonly string[];
  readonly keys: Awaited<ReturnType<typeof accessKeys>>;
  readonly prices: PriceTable;
  readonly store: ModelStore;
  readonly index: ModelIndex;
  readonly localModels: LocalModels;
  readonly upstreams: UpstreamModels;
  readonly promptCache: PromptCache;
  readonly loading: Promise<LoadedModel> | null;
  readonly isPrivate: boolean;
  readonly standIn: StandIn | null;
}

async function composeRooms(parts: Parts): Promise<Gateway> {
  const { loaded, log, secrets, keys, prices, store, index, localModels, upstreams, promptCache, loading } =
    parts;
  const { settings } = loaded;
  const isLoopback = isLoopbackHost(settings.host);
  const rooms = await loadRooms();
  const warn = (message: string, cause?: unknown): void => {
    log.warn(message, cause === undefined ? {} : { cause });
  };
  const state = await openState(loaded, warn);
  if (databaseUrl(loaded) !== null) log.info(`State is kept in ${await stateName(loaded)}.`);
  const periodsAt = rooms.createPeriods(settings.budgets.timeZone);
  const journal = rooms.createJournal(`${ledgerFile(loaded)}.journal`);
  const ledger = await rooms.createLedger({ store: state, periodsAt, journal, warn });

  const billing = createBilling(settings.upstreams, prices);
  const guarded = { loaded, state, ledger, billing, prices, periodsAt, warn };
  const { book, rates, admission, checks } = await rooms.createGuards(guarded);
  const access = rooms.createAccess(
    parts.isPrivate
      ? { keys, isLoopback: true, book: keys.length === 0 ? null : book }
      : { keys, isLoopback, book, requiresKeys: settings.requireKeys },
  );

  const texts = await openCapture(loaded, secrets, warn);
  const version = nearfarVersion();
  const cache = openAnswerCache({ ...parts, state }, rooms);
  // A proof is to show what comparing sends too.
  const quality = await rooms.openQuality(
    { ...parts, isPrivate: parts.isPrivate && parts.standIn === null },
    {
      state,
      answer: (request, caller, signal) => dependencies.answer(request, caller, signal),
      tiers: () => route.tiers(),
      warn,
    },
  );
  const metrics = rooms.createMetrics({
    running: () => localModels.running(),
    pendingRows: () => ledger.pendingCount,
    answerCacheBytes: () => cache.stats.usedBytes,
    ...(texts === null ? {} : { capture: () => texts.capture.stats }),
    quality: quality.figures,
    ...(settings.upstreams.length === 0 ? {} : { replicas: () => upstreams.replicas() }),
    ...(settings.cache.semantic === null ? {} : { semanticCache: () => cache.stats.semantic }),
    version,
  });
  const remote = remoteNames(loaded);
  if (remote !== undefined) await recallPrompts(promptCache, state);
  const { healthOf } = quality.health;
  const known = { loaded, upstreams, localModels, index, billing, prices, healthOf, warn };
  const routing = await openRouting(known);
  // Replaced when the owner takes up the better model that the first start offers.
  let { near } = settings;
  const route = rooms.createRoute({
    routing,
    aliases: settings.aliases,
    near: () => near,
    listModelIds: index.ids,
    ...(remote === undefined ? {} : { remote }),
    fallbacks: settings.fallbacks,
    groups: settings.groups,
  });
  const modelOf = async (id: string): Promise<ChatModel> =>
    upstreams.upstreamOf(id) === null ? localModels.model(id) : upstreams.model(id);
  const withhold = rooms.openWithholding({ loaded, index });
  const settle = rooms.createSettle({ ledger, metrics, warn }, withhold);
  const pipeline: AnswerDependencies = {
    ...(await rooms.openPrivacy({
      ...{ loaded, state, warn },
      index: withStandIn(index, parts.standIn),
      near: () => near,
      answer: () => dependencies.answer,
    })),
    boundaryOf: rooms.boundaries(upstreams),
    route,
    models: { model: modelOf },
    billing,
    admission,
    ...(checks === null ? {} : { checks }),
    forwardsClientKey: (id) => upstreams.upstreamOf(id)?.forwardsClientKey === true,
    prefixOf: (request) => promptCache.prefixOf(request),
    sentTo: (requestId) => upstreams.sentTo(requestId),
    cache,
    settle,
    ...(texts === null ? {} : { capture: texts.capture }),
    ...quality.observers,
    observeGap: metrics.observeGap,
    cascade: settings.route.cascadeRules,
    bonds: createBonds(createBlockKey()),
  };

  const dependencies: AppDependencies = {
    answer: rooms.createAnswer(pipeline),
    embed: rooms.createEmbed(pipeline),
    ...(remote === undefined ? {} : { relay: rooms.createRelay({ ...pipeline, upstreams }) }),
    access,
    rates,
    keptResponses: rooms.openKeptResponses(loaded, state),
    pages: rooms.openPages(loaded),
    store,
    localModels,
    naming: {
      resolve: async (name) => (await route.resolve(name)).modelId,
      aliases: { ...tierAliases(settings), ...settings.aliases },
      remote: upstreams.ids.map((id) => upstreams.model(id).facts),
      isInCatalog,
    },
    countTokens: async (modelId, input, signal) => (await modelOf(modelId)).countTokens(input, signal),
    // What was read is a part of its session, though nothing is answered.
    readText: async (text, caller) => {
      await pipeline.label(text, caller);
    },
    feedback: quality.feedbackOver(ledger, texts?.capture ?? null),
    forget: createForgetAnswers(texts?.capture ?? null, cache, ledger, state),
    metrics: { contentType: metrics.contentType, render: metrics.render },
    readiness: () => readiness(localModels, index.known()),
    version,
    limits: settings.limits,
    hosts: { isLoopback, allowedHosts: settings.allowedHosts, allowedOrigins: settings.allowedOrigins },
    recordRefusal: (refusal) => {
      settle(rooms.refusalRow(refusal));
    },
    reportError: (error, requestId) => {
      log.error(error.message, {
        requestId,
        kind: error.kind,
        ...(error.cause === undefined ? {} : { cause: error.cause }),
      });
    },
  };
  const app = rooms.createApp(dependencies);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await quality.close();
    await localModels.close();
    await upstreams.close();
    await Promise.all([texts?.close(), cache.flush()]);
    await ledger.close();
    await state.close();
  };
  return {
    app,
    fetch: async (request) => app.fetch(request, {}),
    store,
    localModels,
    loading,
    ledger,
    prices,
    log,
    dependencies,
    setNear: (modelId) => {
      near = modelId;
    },
    close: () => (closing ??= close()),
  };
}

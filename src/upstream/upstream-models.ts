import { createBlockKey } from '../balance/prefix-blocks.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import type { StopSignal } from '../chat/stop-signal.ts';
import { createPublicFetch } from '../fetch/public-fetch.ts';
import { anthropicMessages } from './anthropic.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { CachePlanning } from './planned-body.ts';
import type { ProtocolName, WireProtocol } from './protocol.ts';
import { createReplicas, type ReplicaReadings, type Replicas } from './replicas.ts';
import { relay, type Relayed, type RelayRequest } from './relay.ts';
import { createSentPrompts } from './sent-prompts.ts';
import { createUpstreamModel, headersFor, type UpstreamModelDependencies } from './upstream-model.ts';
import { upstreamModelId, type UpstreamSettings } from './upstream.ts';

/** The models of all upstreams, by ids such as `openai/gpt-5.4-mini`. */
export interface UpstreamModels {
  /** Ids of the models that the settings name. Others may be asked for as `upstream/name` all the same. */
  readonly ids: readonly string[];
  /** The upstream that an id belongs to; null where it belongs to none. */
  upstreamOf(id: string): UpstreamSettings | null;
  /** @throws NearfarError `model_not_found` */
  model(id: string): ChatModel;
  /** Passes on a request in the upstream's own language. @throws NearfarError as `relay` does */
  relay(id: string, request: RelayRequest, signal: StopSignal): Promise<Relayed>;
  /** The models that were sent this request's prompt; forgets them. */
  sentTo(requestId: string): readonly string[];
  /** Milliseconds for which a model that failed is left alone; 0: it may be asked. */
  pauseMs(id: string): number;
  /** Of the upstreams that were asked so far, for metrics. */
  replicas(): readonly ReplicaReadings[];
  close(): Promise<void>;
}

const protocols: Readonly<Record<ProtocolName, WireProtocol>> = {
  openai: openaiChat,
  'openai-responses': openaiResponses,
  anthropic: anthropicMessages,
  ollama: ollamaChat,
};

/** Models that are kept though no setting names them; clients choose those names. */
const keptModels = 500;

/** @param planning of what is asked of upstreams' prompt caches; absent: nothing is */
export function createUpstreamModels(
  upstreams: readonly UpstreamSettings[],
  planning?: CachePlanning,
): UpstreamModels {
  const replicaSets = new Map<string, Replicas>();
  const models = new Map<string, ChatModel>();
  const sent = createSentPrompts();
  // Hashes of prompts are compared within this process only.
  const key = createBlockKey();
  const fetchPublic = createPublicFetch();

  function upstreamOf(id: string): UpstreamSettings | null {
    const name = id.slice(0, Math.max(0, id.indexOf('/')));
    return upstreams.find((upstream) => upstream.name === name) ?? null;
  }

  function replicasOf(upstream: UpstreamSettings): Replicas {
    let replicas = replicaSets.get(upstream.name);
    if (replicas === undefined) {
      const secret = upstream.key?.reveal() ?? null;
      const headers = headersFor(upstream, protocols[upstream.protocol], {}, secret);
      replicas = createReplicas({ upstream, headers, key });
      replicaSets.set(upstream.name, replicas);
    }
    return replicas;
  }

  /** @throws NearfarError `model_not_found` */
  function dependenciesOf(id: string): UpstreamModelDependencies {
    const upstream = upstreamOf(id);
    const name = id.slice(id.indexOf('/') + 1);
    if (upstream === null || name === '') {
      throw new NearfarError('model_not_found', `No upstream has the model ${id}.`, { field: 'model' });
    }
    const settings = upstream.models.find((model) => model.name === name);
    return {
      upstream,
      model: settings ?? { name, contextTokenCount: null, maxTokenCount: null },
      protocol: protocols[upstream.protocol],
      replicas: replicasOf(upstream),
      fetchPublic,
      sent,
      planning,
    };
  }

  return {
    ids: upstreams.flatMap(({ name, models: named }) =>
      named.map((model) => upstreamModelId(name, model.name)),
    ),
    upstreamOf,
    model(id) {
      const known = models.get(id);
      if (known !== undefined) return known;
      const model = createUpstreamModel(dependenciesOf(id));
      if (models.size >= keptModels) models.clear();
      models.set(id, model);
      return model;
    },
    relay: async (id, request, signal) => relay(dependenciesOf(id), id, request, signal),
    sentTo: (requestId) => sent.take(requestId),
    pauseMs: (id) =>
      replicaSets.get(id.slice(0, id.indexOf('/')))?.pauseMs(id.slice(id.indexOf('/') + 1)) ?? 0,
    replicas: () => [...replicaSets.values()].map((replicas) => replicas.readings()),
    async close() {
      await Promise.all([...replicaSets.values()].map((replicas) => replicas.close()));
    },
  };
}

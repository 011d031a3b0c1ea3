import { NearfarError } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import { anthropicMessages } from './anthropic.ts';
import { createCircuitBreaker, type CircuitBreaker } from './circuit-breaker.ts';
import { createConnection, type Connection } from './connection.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { ProtocolName, WireProtocol } from './protocol.ts';
import { relay, type Relayed, type RelayRequest } from './relay.ts';
import { createUpstreamModel, type UpstreamModelDependencies } from './upstream-model.ts';
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
  relay(id: string, request: RelayRequest, signal: AbortSignal): Promise<Relayed>;
  close(): Promise<void>;
}

const protocols: Readonly<Record<ProtocolName, WireProtocol>> = {
  openai: openaiChat,
  'openai-responses': openaiResponses,
  anthropic: anthropicMessages,
  ollama: ollamaChat,
};

/** Breakers that are kept for models that no setting names; clients choose those names. */
const keptModels = 500;

export function createUpstreamModels(upstreams: readonly UpstreamSettings[]): UpstreamModels {
  const connections = new Map<string, Connection>();
  const models = new Map<string, ChatModel>();
  const breakers = new Map<string, CircuitBreaker>();

  function upstreamOf(id: string): UpstreamSettings | null {
    const name = id.slice(0, Math.max(0, id.indexOf('/')));
    return upstreams.find((upstream) => upstream.name === name) ?? null;
  }

  function connectionOf(upstream: UpstreamSettings): Connection {
    let connection = connections.get(upstream.name);
    if (connection === undefined) {
      const { baseUrl, usesProxy, timeouts } = upstream;
      connection = createConnection({ baseUrl, usesProxy, connectMs: timeouts.connectMs });
      connections.set(upstream.name, connection);
    }
    return connection;
  }

  function breakerOf(id: string): CircuitBreaker {
    let breaker = breakers.get(id);
    if (breaker === undefined) {
      if (breakers.size >= keptModels) breakers.clear();
      breaker = createCircuitBreaker();
      breakers.set(id, breaker);
    }
    return breaker;
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
      connection: connectionOf(upstream),
      breaker: breakerOf(id),
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
    async close() {
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
}

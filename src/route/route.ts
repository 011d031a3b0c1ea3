import type { ChatRequest } from '../chat/request.ts';
import { resolveModelName } from './resolve-model-name.ts';
import type { RemoteNames, RouteDecision } from './resolve-model-name.ts';

export interface RouteSettings {
  readonly aliases: Readonly<Record<string, string>>;
  /** The id that `near` stands for; null = the first model there is. */
  readonly near: string | null;
  /** Ids of the models on this machine, asked anew for each request: models come and go. */
  readonly listModelIds: () => Promise<readonly string[]>;
  /** Models elsewhere; absent: none. */
  readonly remote?: RemoteNames;
  /** Name of a model -> the names of those that are asked in its place where it fails. */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>;
}

export interface Route {
  /** @throws NearfarError `model_not_found` */
  resolve(name: string): Promise<RouteDecision>;
  /**
   * A name is what the client means, whatever the label: an upstream outside accepts only a `Cleared` request, which a
   * `local_only` one can never become.
   * @throws NearfarError `model_not_found`
   */
  decide(request: Pick<ChatRequest, 'requestedModel' | 'privacy'>): Promise<RouteDecision>;
}

export function createRoute({ aliases, near, listModelIds, remote, fallbacks = {} }: RouteSettings): Route {
  const resolve = async (name: string): Promise<RouteDecision> =>
    resolveModelName(name, {
      aliases,
      near,
      modelIds: await listModelIds(),
      ...(remote === undefined ? {} : { remote }),
    });
  return {
    resolve,
    decide: async (request) => {
      const resolved = await resolve(request.requestedModel);
      const chain = await chainOf(resolved.modelId, request.requestedModel, fallbacks, resolve);
      const decision =
        chain.length === 0
          ? resolved
          : {
              ...resolved,
              fallbackIds: chain,
              reasons: [...resolved.reasons, `where it fails: ${chain.join(', then ')}`],
            };
      return request.privacy === 'local_only'
        ? { ...decision, reasons: ['local_only: inside only', ...decision.reasons] }
        : decision;
    },
  };
}

/** The fallbacks of a model, by its id or by the name that was asked; each once, and none of them itself. */
async function chainOf(
  modelId: string,
  requested: string,
  fallbacks: NonNullable<RouteSettings['fallbacks']>,
  resolve: Route['resolve'],
): Promise<readonly string[]> {
  const names = [requested, modelId].flatMap((name) =>
    // Own properties only: clients send names.
    Object.hasOwn(fallbacks, name) ? [fallbacks[name] ?? []] : [],
  )[0];
  if (names === undefined) return [];
  const ids = await Promise.all(names.map(async (name) => (await resolve(name)).modelId));
  return [...new Set(ids)].filter((id) => id !== modelId);
}

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

export function createRoute({ aliases, near, listModelIds, remote }: RouteSettings): Route {
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
      const decision = await resolve(request.requestedModel);
      return request.privacy === 'local_only'
        ? { ...decision, reasons: ['local_only: inside only', ...decision.reasons] }
        : decision;
    },
  };
}

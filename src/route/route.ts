import type { ChatRequest } from '../chat/request.ts';
import { resolveModelName } from './resolve-model-name.ts';
import type { RouteDecision } from './resolve-model-name.ts';

export interface RouteSettings {
  readonly aliases: Readonly<Record<string, string>>;
  /** The id that `near` stands for; null = the first model there is. */
  readonly near: string | null;
  /** Ids of the models on this machine, asked anew for each request: models come and go. */
  readonly listModelIds: () => Promise<readonly string[]>;
}

export interface Route {
  /** @throws NearfarError `model_not_found` */
  resolve(name: string): Promise<RouteDecision>;
  /**
   * Every model there is today runs on this machine, so `local_only` and `open` take the same way. An upstream
   * will accept only a `Cleared` request, which a `local_only` one can never become.
   * @throws NearfarError `model_not_found`
   */
  decide(request: Pick<ChatRequest, 'requestedModel' | 'privacy'>): Promise<RouteDecision>;
}

export function createRoute({ aliases, near, listModelIds }: RouteSettings): Route {
  const resolve = async (name: string): Promise<RouteDecision> =>
    resolveModelName(name, { aliases, near, modelIds: await listModelIds() });
  return {
    resolve,
    decide: async (request) => {
      const decision = await resolve(request.requestedModel);
      return request.privacy === 'local_only'
        ? { ...decision, reasons: ['local_only: this machine only', ...decision.reasons] }
        : decision;
    },
  };
}

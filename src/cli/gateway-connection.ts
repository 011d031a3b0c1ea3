import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { Post } from './conversation.ts';
import { gatewayUrl } from './gateway-url.ts';
import { firstSecret } from './secrets.ts';

/** Something that answers: the gateway that is running, or one that lives in this process for this command. */
export interface GatewayConnection {
  readonly post: Post;
  readonly modelIds: () => Promise<readonly string[]>;
  /** One sentence for the person who asks where the answers come from. */
  readonly description: string;
  readonly close: () => Promise<void>;
}

/** How long a running gateway may take to say that it is there, in milliseconds. */
const healthMs = 700;

/** The gateway at the configured address if one is there, else an engine within this process. */
export async function connectGateway(
  loaded: LoadedSettings,
  model: string,
  signal: AbortSignal,
): Promise<GatewayConnection> {
  const secret = await firstSecret(loaded);
  const url = gatewayUrl(loaded.settings.host, loaded.settings.port);
  const request = async (path: string, init: RequestInit): Promise<Response> => fetch(url + path, init);
  if (loaded.settings.port !== 0 && (await isNearfar(url))) {
    return connection(request, secret, `Answers come from the gateway at ${url}.`, () => Promise.resolve());
  }
  const { composeGateway } = await import('./compose.ts');
  const { prepareDraft, prepareModel } = await import('./first-start.ts');
  // Only where it is the near model that is asked: another one is here, or the answer will say that it is not.
  if (await meansNear(loaded, model)) {
    await prepareModel(loaded, process.stderr, signal);
    await prepareDraft(loaded, process.stderr, signal);
  }
  // Quiet: a chat's terminal is no place for a server's log.
  const quiet =
    loaded.sources.get('logLevel') === 'default'
      ? { ...loaded.settings, logLevel: 'error' as const }
      : loaded.settings;
  const gateway = await composeGateway({ ...loaded, settings: quiet }, { isPrivate: true });
  const within = async (path: string, init: RequestInit): Promise<Response> =>
    gateway.fetch(new Request(url + path, init));
  return connection(within, secret, 'No gateway is running; the engine runs in this process.', gateway.close);
}

/** Whether a name that a person gave stands for the settings' `near`. */
export async function meansNear({ settings }: LoadedSettings, name: string): Promise<boolean> {
  const { resolveModelName } = await import('../route/resolve-model-name.ts');
  try {
    const known = { aliases: settings.aliases, near: settings.near, modelIds: [settings.near] };
    return resolveModelName(name, known).modelId === settings.near;
  } catch {
    return false;
  }
}

function connection(
  request: (path: string, init: RequestInit) => Promise<Response>,
  secret: string | null,
  description: string,
  close: () => Promise<void>,
): GatewayConnection {
  const headers = {
    'content-type': 'application/json',
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
  };
  return {
    post: (path, body, signal) =>
      request(path, { method: 'POST', headers, body: JSON.stringify(body), signal }),
    modelIds: async () => {
      const response = await request('/v1/models', { headers });
      const { data } = (await response.json()) as { data?: { id: string }[] };
      return (data ?? []).map((model) => model.id);
    },
    description,
    close,
  };
}

/** Whether a gateway answers there. */
export async function isNearfar(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(healthMs) });
    const body = (await response.json()) as { status?: unknown; version?: unknown };
    return response.ok && body.status === 'ok' && typeof body.version === 'string';
  } catch {
    return false;
  }
}

import { createAnswerer } from './answerer.ts';
import type { FromEngine, PageEngine, ToEngine } from './engine.ts';
import { createSharedEngine } from './shared-engine.ts';
import type { OpenMessage } from './worker-backend.ts';

/** The part of a dedicated worker's scope that is used; TypeScript's DOM library has only the page's. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<OpenMessage<never> | ToEngine>) => void) | null;
  postMessage(message: FromEngine): void;
}

/**
 * Serves an engine to the page that started this worker, shared with all tabs of the origin.
 * @param keyOf tells models apart: tabs with the same key share one
 */
export function serveEngine<Config>(
  open: (config: Config) => PageEngine,
  keyOf: (config: Config) => string,
): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    if (data.type !== 'open') return;
    const { config } = data as unknown as OpenMessage<Config>;
    const key = keyOf(config);
    const shared = createSharedEngine({
      key,
      open: () => open(config),
      locks: navigator.locks,
      channel: new BroadcastChannel(`nearfar:model:${key}`),
      tab: crypto.randomUUID(),
    });
    const answerer = createAnswerer(shared, (message) => {
      scope.postMessage(message);
    });
    scope.onmessage = (event) => {
      if (event.data.type !== 'open') answerer.receive(event.data);
    };
  };
}

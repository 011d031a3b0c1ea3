import process from 'node:process';
import type { Command, CommandInput } from './command.ts';
import { pullMissingAdapters } from './adapters.ts';
import { renderBanner } from './banner.ts';
import { prepareDraft, prepareModel } from './first-start.ts';
import { databaseUrl, openState } from './open-state.ts';
import { commandSettings, profileOption } from './settings.ts';
import { nearfarVersion } from './version.ts';

/** How long answers under way may take to end after the first Ctrl-C, in milliseconds. */
const closingMs = 10_000;

export const serve: Command = {
  name: 'serve',
  usage: '[options]',
  description: [
    'Starts the gateway: OpenAI under /v1, Anthropic under /v1/messages, Ollama under /api, on one port.',
    'The first start pulls a small model, so that there is something to talk to; later ones take a second or two.',
    'Ctrl-C ends it once the answers under way are done; a second Ctrl-C ends it at once.',
  ].join('\n'),
  options: {
    host: { type: 'string', placeholder: 'ADDRESS', description: 'Address to listen on (127.0.0.1)' },
    port: {
      type: 'string',
      short: 'p',
      placeholder: 'N',
      description: 'Port to listen on (4242); 0: any free one',
    },
    near: { type: 'string', placeholder: 'MODEL', description: 'The model that near and auto stand for' },
    draft: {
      type: 'string',
      placeholder: 'MODEL',
      description: 'A smaller model of the same vocabulary that drafts for it (docs/configuration.md)',
    },
    ...profileOption,
    'no-pull': {
      type: 'boolean',
      description: 'Fail instead of pulling a model that is not here; pull no adapters',
    },
  },
  examples: [
    'nearfar serve',
    'nearfar serve --port 8080 --near qwen2.5-1.5b-instruct',
    'nearfar serve --profile support',
  ],
  run: runServe,
};

async function runServe(input: CommandInput): Promise<number> {
  const loaded = await commandSettings(input.options, {
    host: 'host',
    port: 'port',
    near: 'near',
    draft: 'engine.draft',
    profile: 'route.profile',
  });
  const stop = stopSignal();
  // A database that is away is told before a model is fetched, not after.
  if (databaseUrl(loaded) !== null) await (await openState(loaded, () => undefined)).close();
  const model = await prepareModel(loaded, process.stderr, stop.signal, {
    mayPull: !input.options.flag('no-pull'),
  });

  await prepareDraft(loaded, process.stderr, stop.signal, { mayPull: !input.options.flag('no-pull') });
  if (!input.options.flag('no-pull')) await pullMissingAdapters(loaded, process.stderr, stop.signal);

  const { composeGateway } = await import('./compose.ts');
  const gateway = await composeGateway(loaded, { preload: model.id });
  let isOver = false;
  gateway.loading?.catch((thrown: unknown) => {
    // A gateway that ends, for whatever reason, ends the loading too.
    if (isOver || stop.signal.aborted) return;
    gateway.log.error('The model could not be loaded; requests for it will say why.', { cause: thrown });
  });
  try {
    const { listen } = await import('../http/server.ts');
    const server = await listen(gateway.app, {
      host: loaded.settings.host,
      port: loaded.settings.port,
      limits: loaded.settings.limits,
    });
    process.stdout.write(`${renderBanner(loaded, server.url, nearfarVersion(), model, gateway.prices)}\n`);
    if (loaded.settings.privacy.detect === 'on') {
      // While the engine's process reads the weights; who asks meanwhile is answered in between.
      const { warmScan } = await import('../privacy/warm-scan.ts');
      void warmScan().catch((thrown: unknown) => {
        gateway.log.warn('The detectors could not be run ahead.', { cause: thrown });
      });
    }
    const { offerRecommended } = await import('./recommended.ts');
    void gateway.loading
      ?.then(() =>
        offerRecommended({ loaded, store: gateway.store, signal: stop.signal, setNear: gateway.setNear }),
      )
      .catch((thrown: unknown) => {
        if (!stop.signal.aborted) gateway.log.warn('No better model could be named.', { cause: thrown });
      });
    await stop.requested;
    process.stderr.write('Stopping; answers under way are finished first. Ctrl-C again stops at once.\n');
    // Whatever hangs then, hangs without us.
    const limit = setTimeout(() => process.exit(1), 2 * closingMs);
    limit.unref();
    await server.close(closingMs);
    return 0;
  } finally {
    isOver = true;
    await gateway.close();
    stop.release();
  }
}

/** The first Ctrl-C or termination asks to stop; the second, half a second later or more, stops at once. */
function stopSignal() {
  const controller = new AbortController();
  const requested = Promise.withResolvers<undefined>();
  let firstAt: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    // A terminal and a wrapper such as npm may both pass on the same Ctrl-C.
    if (firstAt !== null && now - firstAt > 500) process.exit(signal === 'SIGINT' ? 130 : 143);
    firstAt ??= now;
    controller.abort();
    requested.resolve(undefined);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    requested: requested.promise,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

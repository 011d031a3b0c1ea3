import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** A headless Chromium, spoken to by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/). */
export interface Chromium {
  /** A new tab. */
  open(url: string, options?: OpenOptions): Promise<Tab>;
  /** A target that opened by itself, e.g. an extension's service worker. @throws after 10 s */
  targetAt(urlStart: string): Promise<Target>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Runs in each document of the tab before its own scripts. */
  readonly before?: string;
}

export interface Target {
  readonly id: string;
  readonly url: string;
}

export interface Tab {
  readonly id: string;
  /** Runs an expression in the page; promises are awaited, the value must be JSON. @throws what it throws */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Until the expression is truthy. @throws after 10 s, with what the page said on its console */
  until(expression: string, ms?: number): Promise<void>;
  /** One command of the protocol to this tab. */
  send(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  /** Types text into what has the focus, or presses a key by its name. */
  type(text: string): Promise<void>;
  press(key: string): Promise<void>;
  /** Errors of the page: what was thrown and not caught, and what its console was told as such. */
  readonly errors: readonly string[];
  /** Addresses that the tab asked for, in order. */
  readonly requests: readonly { readonly url: string; readonly body: string }[];
  close(): Promise<void>;
}

export interface ChromiumOptions {
  /** Folder of an extension to load. */
  readonly extension?: string;
  readonly args?: readonly string[];
}

const patienceMs = 20_000;

/** @throws where there is no Chromium: Debian's package `chromium`, or CHROMIUM in the environment */
export async function startChromium({ extension, args = [] }: ChromiumOptions = {}): Promise<Chromium> {
  const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(program)) throw new Error(`There is no ${program}: apt-get install chromium.`);
  const profile = await mkdtemp(path.join(os.tmpdir(), 'nearfar-chromium-'));
  const child = spawn(
    program,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      ...(extension === undefined
        ? []
        : [
            `--load-extension=${extension}`,
            `--disable-extensions-except=${extension}`,
            // Without it Chrome's own builds take no extensions from the command line.
            '--disable-features=DisableLoadExtensionCommandLineSwitch',
          ]),
      ...args,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const connection = await connect(await addressOf(child));
    return browserOver(connection, child, profile);
  } catch (thrown) {
    child.kill('SIGKILL');
    throw thrown;
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('Chromium has no output.');
  const lines = createInterface({ input: child.stderr });
  const said: string[] = [];
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  try {
    for await (const line of lines) {
      said.push(line);
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) {
        child.stderr.resume();
        return address;
      }
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`Chromium did not start:\n${said.slice(-20).join('\n')}`);
}

type Params = Readonly<Record<string, unknown>>;

interface Connection {
  send(method: string, params?: object, sessionId?: string): Promise<Params>;
  on(listener: (method: string, params: Params, sessionId: string | undefined) => void): void;
  close(): void;
}

interface WireMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, { resolve(result: Params): void; reject(error: Error): void }>();
  const listeners: ((method: string, params: Params, sessionId: string | undefined) => void)[] = [];
  let lastId = 0;
  socket.addEventListener('message', (event) => {
    const message = JSON.parse(String(event.data)) as WireMessage;
    if (message.id === undefined) {
      for (const listener of listeners) {
        listener(message.method ?? '', message.params ?? {}, message.sessionId);
      }
      return;
    }
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) waiter?.resolve(message.result ?? {});
    else waiter?.reject(new Error(message.error.message));
  });
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium is gone.'));
    waiting.clear();
  });
  return {
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        socket.send(
          JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
        );
      }),
    on: (listener) => listeners.push(listener),
    close: () => {
      socket.close();
    },
  };
}

function browserOver(connection: Connection, child: ChildProcess, profile: string): Chromium {
  return {
    async open(url, { before } = {}) {
      const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
      const tab = await attach(connection, String(targetId));
      if (before !== undefined) await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: before });
      const loaded = new Promise<void>((resolve) => {
        connection.on((method, _params, sessionId) => {
          if (method === 'Page.loadEventFired' && sessionId === tab.sessionId) resolve();
        });
      });
      const { errorText } = await tab.send('Page.navigate', { url });
      if (typeof errorText === 'string') throw new Error(`${url}: ${errorText}`);
      await loaded;
      return tab;
    },
    async targetAt(urlStart) {
      const until = Date.now() + patienceMs;
      for (;;) {
        const { targetInfos } = (await connection.send('Target.getTargets')) as {
          readonly targetInfos: readonly { readonly targetId: string; readonly url: string }[];
        };
        const found = targetInfos.find(({ url }) => url.startsWith(urlStart));
        if (found !== undefined) return { id: found.targetId, url: found.url };
        if (Date.now() > until) {
          throw new Error(`No ${urlStart} among ${targetInfos.map(({ url }) => url).join(', ')}.`);
        }
        await pause(50);
      }
    },
    async close() {
      const gone = once(child, 'exit');
      await connection.send('Browser.close').catch(() => undefined);
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      if (child.exitCode === null && child.signalCode === null) await gone;
      clearTimeout(timer);
      connection.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function attach(
  connection: Connection,
  targetId: string,
): Promise<Tab & { readonly sessionId: string }> {
  const attached = await connection.send('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = String(attached['sessionId']);
  const errors: string[] = [];
  const requests: { readonly url: string; readonly body: string }[] = [];
  const send = (method: string, params?: object): Promise<Params> =>
    connection.send(method, params, sessionId);

  connection.on((method, params, from) => {
    if (from !== sessionId) return;
    if (method === 'Runtime.exceptionThrown') {
      const { exceptionDetails } = params as { readonly exceptionDetails: ExceptionDetails };
      errors.push(textOf(exceptionDetails));
    } else if (method === 'Runtime.consoleAPICalled' && params['type'] === 'error') {
      errors.push(JSON.stringify(params['args']));
    } else if (method === 'Log.entryAdded') {
      const { entry } = params as { readonly entry: { readonly level: string; readonly text: string } };
      if (entry.level === 'error') errors.push(entry.text);
    } else if (method === 'Network.requestWillBeSent') {
      const { request } = params as {
        readonly request: { readonly url: string; readonly postData?: string };
      };
      requests.push({ url: request.url, body: request.postData ?? '' });
    }
  });
  await Promise.all(
    ['Page.enable', 'Runtime.enable', 'Log.enable', 'Network.enable'].map((method) => send(method)),
  );

  async function evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = (await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    })) as { readonly result: { readonly value?: unknown }; readonly exceptionDetails?: ExceptionDetails };
    if (exceptionDetails !== undefined) throw new Error(textOf(exceptionDetails));
    return result.value as Value;
  }

  return {
    id: targetId,
    sessionId,
    errors,
    requests,
    send,
    evaluate,
    async until(expression, ms = patienceMs) {
      const end = Date.now() + ms;
      while (!(await evaluate<boolean>(`Boolean(${expression})`))) {
        if (Date.now() > end) throw new Error(`Not so in time: ${expression}\n${errors.join('\n')}`);
        await pause(25);
      }
    },
    async type(text) {
      await send('Input.insertText', { text });
    },
    async press(key) {
      const text = key === 'Enter' ? '\r' : '';
      const code = { Enter: 13, Escape: 27, Tab: 9 }[key] ?? 0;
      const event = { key, code: key, windowsVirtualKeyCode: code, text };
      await send('Input.dispatchKeyEvent', { type: text === '' ? 'rawKeyDown' : 'keyDown', ...event });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    async close() {
      await connection.send('Target.closeTarget', { targetId });
    },
  };
}

interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

function textOf({ text, exception }: ExceptionDetails): string {
  return exception?.description ?? text;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { ChatMessage } from '../chat-body.ts';
import type { Near } from '../near.ts';
import type { ConversationMessage, ConversationOptions, ConversationState } from './conversation-state.ts';

/** A chat with a client of nearfar, as a store: for the hook of React, the element, and other frameworks. */
export interface Conversation {
  /** The same object until something changes. */
  readonly getState: () => ConversationState;
  /** @returns what ends it */
  readonly subscribe: (listener: () => void) => () => void;
  /** From now on this client is asked, and its status told. @returns what ends that, and stops what is going on */
  readonly connect: (near: Near) => () => void;
  /** Never rejects: failures are in the state. Nothing happens while an answer is being made, or for an empty text. */
  readonly send: (text: string) => Promise<void>;
  /** Stops the answer or the download that is going on. */
  readonly stop: () => void;
  /** Asks the last question again, in place of its answer. */
  readonly retry: () => Promise<void>;
  /** Downloads and loads a model; never rejects. @param backend the first of the page that can be used, if absent */
  readonly prepare: (backend?: string) => Promise<void>;
  /** Ends what is going on and forgets all; a new session begins. */
  readonly clear: () => void;
}

const initialState: ConversationState = {
  messages: [],
  phase: 'idle',
  progress: null,
  status: null,
  error: null,
};

/** Milliseconds between two tellings of a growing text: faster than that nobody reads, and each costs the page a frame. */
const tellMs = 33;

export function createConversation(options: ConversationOptions = {}): Conversation {
  let near: Near | null = null;
  let session = options.session ?? randomName();
  let state: ConversationState = {
    ...initialState,
    messages: (options.initialMessages ?? []).map(({ role, text }, index) =>
      message(`m${String(index)}`, role, text, 'done'),
    ),
  };
  let nextId = state.messages.length;
  const listeners = new Set<() => void>();
  /** The answer or the load that is going on; whatever comes from another one is late and is not listened to. */
  let current: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;

  function tell(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const listener of [...listeners]) listener();
  }

  function set(changes: Partial<ConversationState>, isUrgent = true): void {
    state = { ...state, ...changes };
    if (isUrgent) tell();
    else timer ??= setTimeout(tell, tellMs);
  }

  function change(id: string, changes: Partial<ConversationMessage>, isUrgent = true): void {
    set({ messages: state.messages.map((one) => (one.id === id ? { ...one, ...changes } : one)) }, isUrgent);
  }

  async function refresh(asked: Near): Promise<void> {
    try {
      const status = await asked.status();
      if (near === asked) set({ status });
    } catch {
      // A status that cannot be had is no failure of the conversation.
    }
  }

  function connect(client: Near): () => void {
    near = client;
    void refresh(client);
    const end = client.watch(() => {
      void refresh(client);
    });
    return () => {
      end();
      if (near !== client) return;
      stop();
      near = null;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    };
  }

  async function ask(): Promise<void> {
    const client = near;
    const answerId = `m${String(nextId++)}`;
    const asked = bodyMessages(options.system, state.messages);
    if (client === null) {
      set({ error: new NearfarError('unavailable', 'There is no client yet.') });
      return;
    }
    const abort = new AbortController();
    current = abort;
    set({
      messages: [...state.messages, message(answerId, 'assistant', '', 'waiting')],
      phase: 'answering',
      error: null,
    });
    const isCurrent = (): boolean => current === abort;
    const failed = (error: NearfarError): void => {
      if (!isCurrent()) return;
      change(answerId, { state: 'failed' });
      set({ error });
    };
    try {
      const stream = client.stream(
        {
          messages: asked,
          ...(options.maxTokens === undefined ? {} : { max_completion_tokens: options.maxTokens }),
          ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
        },
        {
          session,
          ...(options.privacy === undefined ? {} : { privacy: options.privacy }),
          ...(options.backend === undefined ? {} : { backend: options.backend }),
        },
      );
      abort.signal.addEventListener('abort', () => {
        stream.abort();
      });
      stream.route.then(
        (route) => {
          if (isCurrent()) change(answerId, { route });
        },
        () => undefined,
      );
      let text = '';
      let reasoning = '';
      for await (const part of stream) {
        if (!isCurrent()) return;
        if (part.type === 'start') change(answerId, { model: part.model });
        else if (part.type === 'text-delta') {
          text += part.text;
          change(answerId, { text, state: 'streaming' }, false);
        } else if (part.type === 'reasoning-delta') {
          reasoning += part.text;
          change(answerId, { reasoning, state: 'streaming' }, false);
        } else if (part.type === 'choice-end') change(answerId, { finishReason: part.reason });
        else if (part.type === 'finish') change(answerId, { state: 'done', usage: part.usage });
        else if (part.type === 'error') failed(part.error);
      }
    } catch (thrown) {
      failed(toNearfarError(thrown));
    } finally {
      if (isCurrent()) {
        current = null;
        set({ phase: 'idle' });
      }
    }
  }

  async function send(text: string): Promise<void> {
    if (text.trim() === '' || current !== null) return;
    set({ messages: [...state.messages, message(`m${String(nextId++)}`, 'user', text, 'done')] });
    await ask();
  }

  function stop(): void {
    const stopped = current;
    if (stopped === null) return;
    // First, so that nothing that the abort sets off is listened to.
    current = null;
    stopped.abort();
    set({
      phase: 'idle',
      progress: null,
      messages: state.messages.map((one) =>
        one.state === 'waiting' || one.state === 'streaming' ? { ...one, state: 'stopped' } : one,
      ),
    });
  }

  async function retry(): Promise<void> {
    const at = state.messages.findLastIndex(({ role }) => role === 'user');
    if (at < 0 || current !== null) return;
    set({ messages: state.messages.slice(0, at + 1) });
    await ask();
  }

  async function prepare(backend?: string): Promise<void> {
    const client = near;
    if (client === null || current !== null) return;
    const abort = new AbortController();
    current = abort;
    const isCurrent = (): boolean => current === abort;
    set({ phase: 'preparing', error: null, progress: null });
    try {
      await client.prepare({
        ...(backend === undefined ? {} : { backend }),
        signal: abort.signal,
        onProgress: (progress) => {
          if (isCurrent()) set({ progress }, false);
        },
      });
    } catch (thrown) {
      if (isCurrent()) set({ error: toNearfarError(thrown) });
    } finally {
      if (isCurrent()) {
        current = null;
        set({ phase: 'idle', progress: null });
      }
      await refresh(client);
    }
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    connect,
    send,
    stop,
    retry,
    prepare,
    clear() {
      stop();
      // Another conversation: what was private in the old one says nothing of the new.
      session = randomName();
      set({ messages: [], error: null });
    },
  };
}

function message(
  id: string,
  role: ConversationMessage['role'],
  text: string,
  state: ConversationMessage['state'],
): ConversationMessage {
  return { id, role, text, reasoning: '', state, route: null, model: null, finishReason: null, usage: null };
}

/** Pure: what the model is told: all that was said, without answers that nothing came of. */
function bodyMessages(
  system: string | undefined,
  messages: readonly ConversationMessage[],
): readonly ChatMessage[] {
  const opening: readonly ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  return [
    ...opening,
    ...messages.flatMap(({ role, text }) => (text === '' ? [] : [{ role, content: text }])),
  ];
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

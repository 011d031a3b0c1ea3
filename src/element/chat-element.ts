import type { ConversationMessage, ConversationState } from '../browser/conversation/conversation-state.ts';
import { createConversation, type Conversation } from '../browser/conversation/conversation.ts';
import type { Near, PageDecision } from '../browser/near.ts';
import { toNearfarError } from '../chat/error.ts';
import { createChatView, type ChatView } from './chat-view.ts';
import { englishLabels, type ChatLabels } from './labels.ts';

/** Detail of `nearfar-answer`: an answer that ended well. */
export interface AnswerDetail {
  readonly text: string;
  readonly route: PageDecision | null;
  readonly model: string | null;
}

/** On servers there is no such class, and the module must be importable all the same. */
const Base =
  (globalThis as { readonly HTMLElement?: typeof HTMLElement }).HTMLElement ??
  (Object as unknown as typeof HTMLElement);

/**
 * `<nearfar-chat>`: a chat in the page, without dependencies. See docs/browser-chat.md for its attributes, properties, events,
 * parts and custom properties.
 */
export class NearfarChat extends Base {
  static readonly observedAttributes: readonly string[] = ['gateway', 'label'];

  #near: Near | null = null;
  /** Made here, of the attributes, and so disposed of here. */
  #own: Near | null = null;
  #conversation: Conversation | null = null;
  #view: ChatView | null = null;
  #labels: ChatLabels = englishLabels;
  #disconnect: (() => void) | null = null;
  #unsubscribe: (() => void) | null = null;
  #last: ConversationState | null = null;

  /** The client that is asked. Set it before the element is in the page, or none is made of the attributes. */
  get near(): Near | null {
    return this.#near ?? this.#own;
  }
  set near(near: Near | null) {
    this.#near = near;
    if (this.isConnected) this.#attach();
  }

  /** Words of the element's own, in the page's language; those that are left out are English. */
  get labels(): Partial<ChatLabels> {
    return this.#labels;
  }
  set labels(labels: Partial<ChatLabels>) {
    this.#labels = { ...englishLabels, ...labels };
    this.#view?.relabel(this.#labels);
  }

  get messages(): readonly ConversationMessage[] {
    return this.#conversation?.getState().messages ?? [];
  }

  get state(): ConversationState | null {
    return this.#conversation?.getState() ?? null;
  }

  send(text: string): Promise<void> {
    return this.#started().send(text);
  }
  stop(): void {
    this.#conversation?.stop();
  }
  retry(): Promise<void> {
    return this.#started().retry();
  }
  clear(): void {
    this.#conversation?.clear();
  }
  prepare(backend?: string): Promise<void> {
    return this.#started().prepare(backend);
  }
  override focus(): void {
    this.#view?.focus();
  }

  connectedCallback(): void {
    const conversation = this.#started();
    if (this.#view === null) {
      const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
      this.#view = createChatView(
        root,
        {
          send: (text) => void conversation.send(text),
          stop: () => {
            conversation.stop();
          },
          retry: () => void conversation.retry(),
          clear: () => {
            conversation.clear();
          },
          prepare: (backend) => void conversation.prepare(backend),
        },
        this.#labels,
      );
    }
    this.#name();
    this.#unsubscribe ??= conversation.subscribe(() => {
      this.#show();
    });
    this.#show();
    // Where it was only moved, it goes on.
    if (this.#disconnect === null) this.#attach();
  }

  disconnectedCallback(): void {
    // A move within the page is a removal and an insertion, at once.
    queueMicrotask(() => {
      if (!this.isConnected) this.#detach();
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return;
    if (name === 'label') this.#name();
    else if (this.#near === null) this.#attach();
  }

  #name(): void {
    if (!this.hasAttribute('role')) this.setAttribute('role', 'region');
    this.setAttribute('aria-label', this.getAttribute('label') ?? this.#labels.chat);
  }

  #started(): Conversation {
    if (this.#conversation !== null) return this.#conversation;
    const system = this.getAttribute('system');
    const backend = this.getAttribute('backend');
    const maxTokens = Number(this.getAttribute('max-tokens') ?? Number.NaN);
    const temperature = Number.parseFloat(this.getAttribute('temperature') ?? '');
    this.#conversation = createConversation({
      ...(system === null ? {} : { system }),
      ...(backend === null ? {} : { backend }),
      ...(this.hasAttribute('private') ? { privacy: 'local_only' } : {}),
      ...(Number.isInteger(maxTokens) && maxTokens > 0 ? { maxTokens } : {}),
      ...(temperature >= 0 && temperature <= 2 ? { temperature } : {}),
    });
    return this.#conversation;
  }

  #attach(): void {
    this.#disconnect?.();
    this.#disconnect = null;
    this.#disposeOwn();
    if (this.#near !== null) {
      this.#disconnect = this.#started().connect(this.#near);
      return;
    }
    void this.#makeOwn();
  }

  async #makeOwn(): Promise<void> {
    const gateway = this.getAttribute('gateway');
    try {
      const { createNear } = await import('../browser/create-near.ts');
      // Since then it may have been given one, or taken out of the page.
      if (this.#near !== null || this.#own !== null || !this.isConnected) return;
      this.#own = createNear(gateway === null ? {} : { gateway: { url: gateway } });
      this.#disconnect = this.#started().connect(this.#own);
    } catch (thrown) {
      this.#emit('nearfar-error', { error: toNearfarError(thrown) });
    }
  }

  #detach(): void {
    this.#disconnect?.();
    this.#disconnect = null;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#disposeOwn();
  }

  #disposeOwn(): void {
    const own = this.#own;
    this.#own = null;
    void own?.dispose();
  }

  #show(): void {
    const conversation = this.#conversation;
    if (conversation === null) return;
    const before = this.#last;
    const state = conversation.getState();
    this.#last = state;
    this.#view?.show(state);
    if (before === null || before === state) return;
    if (state.error !== null && state.error !== before.error)
      this.#emit('nearfar-error', { error: state.error });
    if (state.progress !== null && state.progress !== before.progress) {
      this.#emit('nearfar-progress', { progress: state.progress });
    }
    const last = state.messages.at(-1);
    const was = before.messages.find(({ id }) => id === last?.id);
    if (last?.role === 'assistant' && last.state === 'done' && was !== undefined && was.state !== 'done') {
      const { text, route, model } = last;
      this.#emit('nearfar-answer', { text, route, model } satisfies AnswerDetail);
    }
  }

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** Registers the element; a second time, and on a server, does nothing. */
export function defineNearfarChat(name = 'nearfar-chat'): void {
  const registry = (globalThis as { readonly customElements?: CustomElementRegistry }).customElements;
  if (registry === undefined || registry.get(name) !== undefined) return;
  registry.define(name, name === 'nearfar-chat' ? NearfarChat : class extends NearfarChat {});
}

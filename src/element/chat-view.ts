import {
  downloadsIn,
  type ConversationMessage,
  type ConversationState,
} from '../browser/conversation/conversation-state.ts';
import { downloadSentence, progressSentence, routeSentence } from '../browser/conversation/said.ts';
import type { ChatLabels } from './labels.ts';
import { createRow, setText, type MessageRow } from './message-row.ts';
import { styles } from './styles.ts';

/** What the view asks for. */
export interface ChatActions {
  send(text: string): void;
  stop(): void;
  retry(): void;
  clear(): void;
  prepare(backend: string): void;
}

export interface ChatView {
  /** Shows a state; only what changed is touched. */
  show(state: ConversationState): void;
  relabel(labels: ChatLabels): void;
  focus(): void;
}

/**
 * The shadow tree of `<nearfar-chat>`. Texts become text nodes and nothing else: there is no way from a message to markup.
 */
export function createChatView(root: ShadowRoot, actions: ChatActions, firstLabels: ChatLabels): ChatView {
  const document = root.ownerDocument;
  let labels = firstLabels;
  let shown: ConversationState | null = null;
  let isDeclined = false;
  const rows = new Map<string, MessageRow>();

  function make<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    className = '',
    part = '',
  ): HTMLElementTagNameMap[Name] {
    const element = document.createElement(name);
    if (className !== '') element.className = className;
    if (part !== '') element.setAttribute('part', part);
    return element;
  }
  function button(part: string, act: () => void, isMain = false): HTMLButtonElement {
    const element = make('button', isMain ? 'main' : '', part);
    element.type = 'button';
    element.addEventListener('click', act);
    return element;
  }

  const log = make('ol', 'log', 'log');
  // To be scrolled by keys; it is read out by `live`, whole answers at a time, not by the piece.
  log.tabIndex = 0;
  log.setAttribute('role', 'log');
  log.setAttribute('aria-live', 'off');
  const live = make('div', 'who');
  live.setAttribute('aria-live', 'polite');
  live.setAttribute('role', 'status');
  const error = make('p', 'error', 'error');
  error.setAttribute('role', 'alert');

  const consent = make('section', 'consent', 'consent');
  const consentText = make('p');
  const consentRow = make('div', 'row');
  let offered = '';
  const download = button(
    'download',
    () => {
      actions.prepare(offered);
      input.focus();
    },
    true,
  );
  const notNow = button('not-now', () => {
    isDeclined = true;
    consent.hidden = true;
    input.focus();
  });
  consentRow.append(download, notNow);
  consent.append(consentText, consentRow);

  const progress = make('div', 'row', 'progress');
  const bar = make('progress');
  bar.max = 1;
  const progressText = make('span');
  const cancel = button('cancel', () => {
    actions.stop();
  });
  progress.append(progressText, bar, cancel);

  const tools = make('div', 'row', 'tools');
  const retry = button('retry', () => {
    actions.retry();
    input.focus();
  });
  const clear = button('clear', () => {
    actions.clear();
    input.focus();
  });
  tools.append(retry, clear);

  const form = make('form', '', 'form');
  const label = make('label');
  const labelText = make('span', 'who');
  const input = make('textarea', '', 'input');
  input.rows = 1;
  input.setAttribute('enterkeyhint', 'send');
  label.append(labelText, input);
  const send = make('button', 'main', 'send');
  send.type = 'submit';
  const stop = button('stop', () => {
    actions.stop();
    input.focus();
  });
  form.append(label, send, stop);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value;
    if (text.trim() === '' || isBusy()) return;
    input.value = '';
    actions.send(text);
    log.scrollTop = log.scrollHeight;
  });
  input.addEventListener('keydown', (event) => {
    // Enter ends the choice of a word in many scripts: that is no message yet.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  root.addEventListener('keydown', (event) => {
    if ((event as KeyboardEvent).key === 'Escape' && isBusy()) {
      event.preventDefault();
      actions.stop();
      input.focus();
    }
  });

  addStyles(root);
  root.append(log, live, error, consent, progress, tools, form);
  relabel(labels);

  function isBusy(): boolean {
    return shown !== null && shown.phase !== 'idle';
  }

  function relabel(next: ChatLabels): void {
    labels = next;
    log.setAttribute('aria-label', labels.conversation);
    labelText.textContent = labels.question;
    input.placeholder = labels.placeholder;
    send.textContent = labels.send;
    stop.textContent = labels.stop;
    retry.textContent = labels.retry;
    clear.textContent = labels.clear;
    download.textContent = labels.download;
    notNow.textContent = labels.notNow;
    cancel.textContent = labels.cancel;
    bar.setAttribute('aria-label', labels.download);
    consent.setAttribute('aria-label', labels.download);
    for (const row of rows.values()) row.relabel(labels);
  }

  function show(state: ConversationState): void {
    const before = shown;
    shown = state;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    showMessages(state, before);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    log.setAttribute('aria-busy', String(state.phase === 'answering'));
    setText(error, state.error?.message ?? '');

    const [offer] = downloadsIn(state.status);
    offered = offer?.name ?? '';
    const isNeeded =
      state.status?.backends.some(
        ({ boundary, availability: { state: is } }) =>
          boundary === 'machine' && (is === 'ready' || is === 'downloaded'),
      ) !== true;
    consent.hidden = offer === undefined || !isNeeded || isDeclined || state.phase !== 'idle';
    if (offer !== undefined) setText(consentText, downloadSentence(offer));
    download.disabled = offer?.fits === false;

    progress.hidden = state.phase !== 'preparing';
    if (state.progress !== null) {
      setText(progressText, progressSentence(state.progress));
      bar.value = state.progress.fraction;
    } else {
      setText(progressText, '');
      bar.removeAttribute('value');
    }

    retry.hidden = state.phase !== 'idle' || !state.messages.some(({ role }) => role === 'user');
    clear.hidden = state.messages.length === 0 || state.phase !== 'idle';
    stop.hidden = state.phase !== 'answering';
    send.hidden = state.phase === 'answering';
    announce(state, before);
  }

  function showMessages(state: ConversationState, before: ConversationState | null): void {
    if (before !== null && before.messages === state.messages && before.status === state.status) return;
    const present = new Set(state.messages.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (present.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    for (const message of state.messages) {
      let row = rows.get(message.id);
      if (row === undefined) {
        row = createRow(make, labels, message);
        rows.set(message.id, row);
        log.append(row.element);
      }
      row.show(message, boundaryOf(state, message));
    }
  }

  /** Whole answers, once each: a text that grows would be read out in shreds. */
  function announce(state: ConversationState, before: ConversationState | null): void {
    if (before === null) return;
    if (state.phase === 'answering' && before.phase !== 'answering') {
      setText(live, labels.answering);
      return;
    }
    if (state.phase !== 'idle' || before.phase !== 'answering') return;
    const last = state.messages.at(-1);
    if (last?.role !== 'assistant') return;
    const route = last.route === null ? '' : routeSentence(last.route, boundaryOf(state, last));
    const words =
      last.state === 'stopped' ? labels.stopped : last.state === 'failed' ? '' : `${last.text} ${route}`;
    setText(live, words.trim());
  }

  return {
    show,
    relabel,
    focus: () => {
      input.focus();
    },
  };
}

function boundaryOf({ status }: ConversationState, { route }: ConversationMessage): string {
  const known = status?.backends.find(({ name }) => name === route?.backend)?.boundary;
  // Nothing is called private that is not known to be.
  return known ?? 'outside';
}

/** A sheet and no `<style>`, so that pages with a strict Content-Security-Policy may have it. */
function addStyles(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
}

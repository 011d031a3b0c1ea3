import type { ConversationMessage } from '../browser/conversation/conversation-state.ts';
import { routeSentence } from '../browser/conversation/said.ts';
import type { ChatLabels } from './labels.ts';

/** Makes an element of the shadow tree, with its class and its parts. */
export type MakeElement = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className?: string,
  part?: string,
) => HTMLElementTagNameMap[Name];

/** One message, as it is shown. */
export interface MessageRow {
  readonly element: HTMLLIElement;
  show(message: ConversationMessage, boundary: string): void;
  relabel(labels: ChatLabels): void;
}

export function createRow(
  make: MakeElement,
  firstLabels: ChatLabels,
  { role }: ConversationMessage,
): MessageRow {
  let labels = firstLabels;
  const element = make('li', `message ${role}`, `message ${role}`);
  const who = make('span', 'who');
  const thoughts = make('details', '', 'thoughts');
  const summary = make('summary');
  const thoughtText = make('div', 'text');
  thoughts.append(summary, thoughtText);
  const text = make('div', 'text', 'text');
  // The text's own direction, whatever the page's is.
  text.dir = 'auto';
  const route = make('div', 'route', 'route');
  const note = make('div', 'note', 'note');
  element.append(who, thoughts, text, note, route);
  relabel(labels);

  function relabel(next: ChatLabels): void {
    labels = next;
    who.textContent = `${role === 'user' ? labels.you : labels.answer}: `;
    summary.textContent = labels.thoughts;
  }

  return {
    element,
    relabel,
    show(message, boundary) {
      const { state } = message;
      element.className = `message ${role} ${state}`;
      setText(text, message.text);
      setText(thoughtText, message.reasoning);
      thoughts.hidden = message.reasoning === '';
      setText(note, state === 'stopped' ? labels.stopped : '');
      setText(route, message.route === null ? '' : routeSentence(message.route, boundary));
    },
  };
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Every word that the element shows of its own; pages in other languages hand in theirs. */
export interface ChatLabels {
  /** Name of the whole, for who cannot see it. */
  readonly chat: string;
  readonly conversation: string;
  readonly question: string;
  readonly placeholder: string;
  readonly send: string;
  readonly stop: string;
  readonly retry: string;
  readonly clear: string;
  readonly download: string;
  readonly notNow: string;
  readonly cancel: string;
  readonly you: string;
  readonly answer: string;
  readonly answering: string;
  readonly stopped: string;
  readonly thoughts: string;
}

export const englishLabels: ChatLabels = {
  chat: 'Chat',
  conversation: 'Conversation',
  question: 'Your message',
  placeholder: 'Ask something',
  send: 'Send',
  stop: 'Stop',
  retry: 'Try again',
  clear: 'New conversation',
  download: 'Download',
  notNow: 'Not now',
  cancel: 'Cancel',
  you: 'You',
  answer: 'Answer',
  answering: 'An answer is being written.',
  stopped: 'Stopped.',
  thoughts: 'Thoughts',
};

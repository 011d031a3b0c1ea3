import { builtIn, createNear } from 'nearfar/browser';
import { downloadSentence, downloadsIn, progressSentence } from 'nearfar/element';

declare const chrome: {
  readonly tabs: {
    query(filter: {
      active: boolean;
      lastFocusedWindow: boolean;
    }): Promise<readonly { readonly id?: number }[]>;
  };
  readonly scripting: {
    executeScript(injection: {
      target: { tabId: number };
      func: () => string;
    }): Promise<readonly { readonly result?: string }[]>;
  };
};

/** There is no gateway: what is asked here has nowhere to go but a model of this browser. */
const near = createNear({ backends: [builtIn({ languages: ['en'] })], privacy: { mode: 'page' } });

const form = find('form') as HTMLFormElement;
const textField = form.elements.namedItem('text') as HTMLTextAreaElement;
const languageField = form.elements.namedItem('to') as HTMLInputElement;
const result = find('result');
const stop = find('stop');
let current: AbortController | null = null;

/** The selected text of the tab that the user is in, or of the one that `?tab=` names. */
async function selection(): Promise<string> {
  const named = Number(new URLSearchParams(location.search).get('tab') ?? Number.NaN);
  const [active] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
  const tabId = Number.isInteger(named) ? named : active?.id;
  if (tabId === undefined) return '';
  const [frame] = await chrome.scripting.executeScript({
    target: { tabId },
    func: () => getSelection()?.toString() ?? '',
  });
  return frame?.result ?? '';
}

async function take(): Promise<void> {
  try {
    const text = await selection();
    if (text === '') result.textContent = 'Nothing is selected in the page.';
    else textField.value = text;
  } catch {
    result.textContent =
      'This page may not be read: click the extension’s button in the tab with the text, or paste it here.';
  }
}

async function show(): Promise<void> {
  const status = await near.status();
  const [offer] = downloadsIn(status);
  find('offer').hidden = offer === undefined;
  if (offer !== undefined) find('offer').firstElementChild?.replaceChildren(downloadSentence(offer));
  find('status').textContent = status.backends
    .map(({ availability }) =>
      availability.state === 'unavailable' ? availability.reason : `Model: ${availability.state}.`,
    )
    .join(' ');
}

async function run(act: (signal: AbortSignal) => Promise<string>): Promise<void> {
  if (current !== null) return;
  const abort = new AbortController();
  current = abort;
  stop.hidden = false;
  result.textContent = '…';
  try {
    result.textContent = await act(abort.signal);
  } catch (thrown) {
    result.textContent = thrown instanceof Error ? thrown.message : 'It failed.';
  } finally {
    current = null;
    stop.hidden = true;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const task = (event.submitter as HTMLButtonElement | null)?.value;
  const text = textField.value;
  void run(async (signal) => {
    if (task === 'summarize') return (await near.summarize(text, { type: 'key-points', signal })).text;
    if (task === 'translate') return (await near.translate(text, { to: languageField.value, signal })).text;
    const simpler = await near.rewrite(text, {
      length: 'shorter',
      context: 'For a reader who wants short sentences and common words.',
      signal,
    });
    return simpler.text;
  });
});

find('take').addEventListener('click', () => void take());
stop.addEventListener('click', () => {
  current?.abort();
});
find('offer')
  .querySelector('button')
  ?.addEventListener('click', () => {
    void run(async (signal) => {
      await near.prepare({
        signal,
        onProgress: (progress) => {
          result.textContent = progressSentence(progress);
        },
      });
      await show();
      return 'The model is here.';
    });
  });

near.watch(() => void show());
void show();
void take();

function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The panel has no #${id}.`);
  return found;
}

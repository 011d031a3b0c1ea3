import { builtIn, createNear, wllama, type Near, type NearStatus, type TaskResult } from 'nearfar/browser';
import { downloadSentence, type NearfarChat } from 'nearfar/element';

const query = new URLSearchParams(location.search);
/** Of `?gateway=http://localhost:4242/v1`; without it the page is alone. */
const gateway = query.get('gateway');
/** Of `?model=smollm2-135m-instruct`: a GGUF file of the gateway's (its setting `pages.models`), for browsers without a model. */
const model = query.get('model');

const near = createNear({
  backends: [
    builtIn({ languages: ['en'] }),
    ...(gateway === null || model === null
      ? []
      : [
          wllama({
            source: { model, gateway: { url: new URL(gateway, location.href).href } },
            wasmUrl: new URL('wllama.wasm', location.href).href,
            createWorker: () => new Worker(new URL('wllama-worker.js', location.href), { type: 'module' }),
          }),
        ]),
  ],
  ...(gateway === null ? {} : { gateway: { url: gateway } }),
});

for (const id of ['private', 'open']) Object.assign(find(id), { near } satisfies Pick<NearfarChat, 'near'>);

function showStatus({ backends }: NearStatus): void {
  const lines = backends.map((backend) => {
    const { name, availability } = backend;
    if (availability.state === 'unavailable') return `${name}: ${availability.reason}`;
    if (availability.state === 'downloadable') return `${name}: ${downloadSentence(backend)}`;
    return `${name}: ${availability.state} (${availability.model})`;
  });
  find('status').textContent = lines.join('\n');
}
const refresh = async (): Promise<void> => {
  showStatus(await near.status());
};
near.watch(() => void refresh());
void refresh();

onSubmit('translate', (form) =>
  near.translate(textOf(form, 'text'), { to: textOf(form, 'to'), privacy: 'local_only' }),
);

onSubmit('easy', (form, task) =>
  task === 'summarize'
    ? near.summarize(textOf(form, 'text'), { type: 'key-points', privacy: 'local_only' })
    : simplify(near, textOf(form, 'text')),
);

/** For whom long sentences and rare words are a wall. */
async function simplify(client: Near, text: string): Promise<TaskResult> {
  const { text: simple, route } = await client.chat(
    [
      {
        role: 'system',
        content:
          'Rewrite the text in plain language: short sentences, common words, one thought a sentence. Keep its meaning and its language. Reply with the result only.',
      },
      { role: 'user', content: text },
    ],
    { privacy: 'local_only' },
  );
  return { text: simple, by: route.backend };
}

find('easy')
  .querySelector('[value=speak]')
  ?.addEventListener('click', () => {
    const form = find('easy') as HTMLFormElement;
    const text = form.querySelector('output')?.firstChild?.textContent ?? textOf(form, 'text');
    // Voices of the system; some browsers have others that send the text away, and those are passed over.
    const voice = speechSynthesis.getVoices().find(({ localService }) => localService);
    const spoken = new SpeechSynthesisUtterance(text);
    if (voice !== undefined) spoken.voice = voice;
    speechSynthesis.cancel();
    if (voice !== undefined) speechSynthesis.speak(spoken);
  });

function onSubmit(id: string, act: (form: HTMLFormElement, task: string) => Promise<TaskResult>): void {
  const form = find(id) as HTMLFormElement;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const task = (event.submitter as HTMLButtonElement | null)?.value ?? '';
    const output = form.querySelector('output');
    if (output === null) return;
    output.textContent = '…';
    act(form, task).then(
      ({ text, by }) => {
        const note = document.createElement('small');
        note.textContent = `By ${by}, on this device.`;
        output.replaceChildren(text, note);
      },
      (thrown: unknown) => {
        output.textContent = thrown instanceof Error ? thrown.message : 'It failed.';
      },
    );
  });
}

function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
}

function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
}

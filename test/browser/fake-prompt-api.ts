/**
 * A script that puts a model behind `LanguageModel`, by the draft of the Prompt API: Chromium without Google's parts has the
 * interface and no model. It answers with the last prompt in capitals, word by word, and remembers what it was given in
 * `globalThis.asked`.
 */
export function fakePromptApi({
  state = 'available',
  wordMs = 5,
}: { readonly state?: string; readonly wordMs?: number } = {}): string {
  return `(() => {
  let state = ${JSON.stringify(state)};
  globalThis.asked = [];
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const textOf = (content) => typeof content === 'string' ? content : content.map(({ value }) => value).join(' ');
  const api = {
    availability: async ({ expectedInputs = [] } = {}) =>
      expectedInputs.some(({ type }) => type !== 'text') ? 'unavailable' : state,
    async create({ initialPrompts = [], signal, monitor } = {}) {
      signal?.throwIfAborted();
      if (state === 'downloadable') {
        const target = new EventTarget();
        monitor?.(target);
        for (const loaded of [0, 0.5, 1]) {
          await pause(20);
          target.dispatchEvent(Object.assign(new Event('downloadprogress'), { loaded, total: 1 }));
        }
        state = 'available';
      }
      return {
        contextUsage: 0,
        contextWindow: 4096,
        promptStreaming(prompt, { signal } = {}) {
          const last = textOf(prompt.at(-1).content);
          globalThis.asked.push({ system: initialPrompts.map(({ content }) => textOf(content)), last });
          return new ReadableStream({
            async start(controller) {
              for (const word of last.toUpperCase().split(' ')) {
                await pause(${String(wordMs)});
                if (signal?.aborted) return controller.error(signal.reason);
                controller.enqueue(word + ' ');
              }
              controller.close();
            },
          });
        },
        measureContextUsage: async () => 1,
        destroy() {},
      };
    },
  };
  Object.defineProperty(globalThis, 'LanguageModel', { value: api, configurable: true });
  for (const name of ['Summarizer', 'Rewriter', 'Translator', 'LanguageDetector'])
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
})();`;
}

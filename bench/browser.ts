import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildPage } from '../test/browser/build-page.ts';
import { chromiumMissing, startChromium } from '../test/browser/chromium.ts';
import type { MeasuredAnswer } from '../test/browser/measured-answer.ts';
import { nearTieGap } from './agreement.ts';
import { alternating, type Benchmark, type Side } from './benchmark.ts';
import { measureCore } from './browser/core-size.ts';
import { longestTask, type TraceEvent } from './browser/longest-task.ts';
import { ask } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import { tokensPerSecond, type Transcript } from './transcript.ts';

const outputTokenCount = 96;
const checked = ['Name three colours of the rainbow.', 'Why is the sky blue? Answer in one sentence.'];

/** SmolLM2 in a page against the gateway, one file, one stream; what it costs the page's own thread; the client's size. */
export const browser: Benchmark = async (setup) => {
  if (chromiumMissing !== null) throw new Error(chromiumMissing);
  const repeatCount = setup.repeatCount ?? (setup.quick ? 2 : 9);
  const folder = await mkdtemp(join(tmpdir(), 'nearfar-bench-page-'));
  let chrome: Browser | null = null;
  let gateway: Side | null = null;
  try {
    setup.progress('building the page');
    const core = await measureCore();
    await buildPage(folder, { script: 'test/browser/measuring.ts', transformers: null });
    const { modelId } = await setup.nearfar.install();
    gateway = await setup.nearfar.start([`pages.folder=${folder}`, 'pages.models=["*"]']);
    const far = gateway;
    chrome = await startChromium();
    const page = await chrome.newPage();
    await page.goto(`${far.origin}/pages/`);
    await page.waitForFunction('"measuring" in window');
    const isIsolated = await page.evaluate<boolean>('crossOriginIsolated');
    setup.progress('loading the model in the page');
    const loadMs = await inPage<number>(page, 'load', modelId, setup.threadCount);
    setup.progress('comparing texts');
    const agreement: string[] = [];
    for (const user of checked) {
      const job = { system: null, user, outputTokenCount: 32, topLogprobs: 10 };
      agreement.push(compare(await ask(far, job), await inPage<MeasuredAnswer>(page, 'ask', user, 32)));
    }

    const speeds = { page: [] as number[], gateway: [] as number[], first: [] as number[] };
    for (const [side, repeat] of alternating(['page', 'gateway'] as const, repeatCount)) {
      setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${side}`);
      const user = `Tell a long story about a ship with ${repeat + 3} masts.`;
      if (side === 'gateway') {
        speeds.gateway.push(tokensPerSecond(await ask(far, { system: null, user, outputTokenCount })));
        continue;
      }
      const answer = await inPage<MeasuredAnswer>(page, 'ask', user, outputTokenCount);
      if (answer.completionTokenCount !== outputTokenCount)
        throw new Error(`the page gave ${answer.completionTokenCount} tokens instead of ${outputTokenCount}`);
      speeds.page.push(((outputTokenCount - 1) / answer.restMs) * 1000);
      speeds.first.push(answer.firstMs);
    }

    setup.progress('tracing the page’s thread');
    await chrome.startTracing(page, {
      categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
    });
    await inPage(page, 'ask', 'Tell a long story about a lighthouse.', outputTokenCount);
    const trace = JSON.parse((await chrome.stopTracing()).toString('utf8')) as {
      readonly traceEvents: readonly TraceEvent[];
    };
    const task = longestTask(trace.traceEvents);

    setup.progress('with the threads that a page gets by itself');
    await inPage(page, 'unload');
    await inPage(page, 'load', modelId, null);
    const defaults: number[] = [];
    for (let repeat = 0; repeat < Math.min(3, repeatCount); repeat++) {
      const { restMs } = await inPage<MeasuredAnswer>(
        page,
        'ask',
        `Tell a story about ${repeat + 2} owls.`,
        outputTokenCount,
      );
      defaults.push(((outputTokenCount - 1) / restMs) * 1000);
    }
    const ratio = median(speeds.page) / median(speeds.gateway);
    const row = (label: string, values: readonly number[]) => {
      const { median: middle, min, max } = summarize(values);
      return { label, cells: { 'tokens/s': rounded(middle), min: rounded(min), max: rounded(max) } };
    };
    return {
      figures: {
        ratio: rounded(ratio),
        longest_task_ms: rounded(task.ms),
        core_kb: rounded(core.coreKb),
      },
      targets: [
        { key: 'longest_task_ms', value: task.ms, atMost: 50 },
        { key: 'core_kb', value: core.coreKb, atMost: 15 },
      ],
      rows: [
        row(`page, ${setup.threadCount} threads`, speeds.page),
        row('page, its default of threads', defaults),
        row(`gateway, ${setup.threadCount} threads`, speeds.gateway),
      ],
      notes: [
        `wllama in headless Chromium ${chrome.version()}, by WebAssembly (isolated: ${isIsolated}), against nearfar serve; ` +
          `${repeatCount} alternating streams of ${outputTokenCount} tokens, from the first to the last piece; the other side idle.`,
        `The page loaded the model in ${rounded(loadMs)} ms, its download from this machine and SHA-256 included; ` +
          `median first piece after ${rounded(median(speeds.first))} ms.`,
        `The longest of ${task.count} tasks of the page's main thread during an answer of ${outputTokenCount} tokens, from ` +
          `Chromium's trace.`,
        `core_kb: ${rounded(core.minifiedBytes / 1000)} kB minified, after gzip; what backends and detectors add is fetched later.`,
        `Checked: prompts of the same length, and greedy texts of 32 tokens: ${agreement.join('; ')}.`,
      ],
    };
  } finally {
    await chrome?.close();
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** Calls a function of `measuring.ts` in the page. */
function inPage<Result>(
  page: Page,
  name: string,
  ...given: readonly (string | number | null)[]
): Promise<Result> {
  return page.evaluate<Result>(`window.measuring.${name}(...${JSON.stringify(given)})`);
}

/**
 * The page tells no probabilities: where the texts part, the gateway's own decide whether it was a near tie.
 * @throws Error where it was none, or where the prompts differ in length
 */
function compare(gateway: Transcript, page: MeasuredAnswer): string {
  if (gateway.promptTokenCount !== page.promptTokenCount) {
    throw new Error(
      `the same chat is ${gateway.promptTokenCount ?? '?'} prompt tokens for the gateway and ${page.promptTokenCount} for the page`,
    );
  }
  let common = 0;
  let rest = page.text;
  for (const token of gateway.tokens) {
    if (!rest.startsWith(token.text)) break;
    rest = rest.slice(token.text.length);
    common += 1;
  }
  const parting = gateway.tokens[common];
  if (parting === undefined || rest === '') return 'identical';
  const own = parting.alternatives.find(({ text }) => text === parting.text);
  const other = parting.alternatives.find(
    ({ text }) => text !== '' && text !== parting.text && rest.startsWith(text),
  );
  const gap = own === undefined || other === undefined ? null : own.logprob - other.logprob;
  if (gap === null || gap > nearTieGap) {
    throw new Error(
      `page and gateway part after ${common} tokens at ${gap === null ? 'a token that is not listed' : `${gap.toFixed(2)} nats`}, ` +
        `which is no near tie: ${JSON.stringify(gateway.text)} / ${JSON.stringify(page.text)}`,
    );
  }
  return `part after ${common} (gap ${gap.toFixed(2)} nats)`;
}

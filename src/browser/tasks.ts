import { NearfarError } from '../chat/error.ts';
import { byBrowser, detectedLanguage } from './built-in/task-apis.ts';
import type {
  CallOptions,
  Near,
  RewriteOptions,
  SummarizeOptions,
  TaskResult,
  TranslateOptions,
} from './near.ts';

/** Chrome's own API where it is ready, else a model of the page or the gateway's, by a prompt, under the same policy. */
export async function summarize(
  near: Near,
  text: string,
  options: SummarizeOptions = {},
): Promise<TaskResult> {
  const { type = 'key-points', length = 'short', context, ...call } = options;
  const create = { type, length, format: 'plain-text' };
  const own = await ownApi(call, () => byBrowser('Summarizer', text, create, withContext(call, context)));
  if (own !== null) return { text: own, by: 'Summarizer' };
  const form = {
    'key-points': 'as a list of its key points, each on a line of its own that begins with "- "',
    tldr: 'in plain sentences',
    teaser: 'so that a reader becomes curious about it, without telling all',
    headline: 'as one headline',
  }[type];
  const size = {
    short: 'Be as short as possible.',
    medium: 'Be short.',
    long: 'Leave out nothing of weight.',
  }[length];
  return byPrompt(
    near,
    `Summarize the text ${form}, in its own language. ${size} ${only}`,
    text,
    context,
    call,
  );
}

export async function translate(near: Near, text: string, options: TranslateOptions): Promise<TaskResult> {
  const { to, from, ...call } = options;
  const [target] = canonical('to', to);
  const source = from === undefined ? null : (canonical('from', from)[0] ?? null);
  const own = await ownApi(call, async () => {
    const sourceLanguage = source ?? (await detectedLanguage(text));
    if (sourceLanguage === null) return null;
    if (sourceLanguage === target) return text;
    return byBrowser('Translator', text, { sourceLanguage, targetLanguage: target }, call);
  });
  if (own !== null) return { text: own, by: 'Translator' };
  const since = source === null ? '' : ` from ${nameOf(source)}`;
  return byPrompt(
    near,
    `Translate the text${since} into ${nameOf(target ?? to)}. ${only}`,
    text,
    undefined,
    call,
  );
}

export async function rewrite(near: Near, text: string, options: RewriteOptions = {}): Promise<TaskResult> {
  const { tone = 'as-is', length = 'as-is', context, ...call } = options;
  const create = { tone, length, format: 'plain-text' };
  const own = await ownApi(call, () => byBrowser('Rewriter', text, create, withContext(call, context)));
  if (own !== null) return { text: own, by: 'Rewriter' };
  const wishes = [
    { 'as-is': '', 'more-formal': 'Make it more formal.', 'more-casual': 'Make it more casual.' }[tone],
    { 'as-is': '', shorter: 'Make it shorter.', longer: 'Make it longer.' }[length],
  ].filter((wish) => wish !== '');
  const wish = wishes.length === 0 ? 'Make it clearer.' : wishes.join(' ');
  return byPrompt(
    near,
    `Rewrite the text in its own language, and keep its meaning. ${wish} ${only}`,
    text,
    context,
    call,
  );
}

const only = 'Reply with the result only.';

async function byPrompt(
  near: Near,
  instruction: string,
  text: string,
  context: string | undefined,
  call: CallOptions,
): Promise<TaskResult> {
  const system = context === undefined ? instruction : `${instruction}\nContext: ${context}`;
  const answer = await near.chat(
    [
      { role: 'system', content: system },
      { role: 'user', content: text },
    ],
    call,
  );
  return { text: answer.text.trim(), by: answer.route.backend };
}

/** Only where no backend was named. Its failure is not the end: a model may do it. */
async function ownApi(call: CallOptions, ask: () => Promise<string | null>): Promise<string | null> {
  if (call.backend !== undefined) return null;
  try {
    return await ask();
  } catch (thrown) {
    if (call.signal?.aborted === true) throw thrown;
    return null;
  }
}

function withContext(
  { signal }: CallOptions,
  context: string | undefined,
): { readonly context?: string; readonly signal?: AbortSignal } {
  return { ...(signal === undefined ? {} : { signal }), ...(context === undefined ? {} : { context }) };
}

function canonical(field: string, tag: string): readonly string[] {
  try {
    return Intl.getCanonicalLocales(tag);
  } catch {
    throw new NearfarError('invalid_request', `${field}: ${tag} is no language tag such as "de".`, { field });
  }
}

/** "German" says more to a small model than "de". */
function nameOf(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}

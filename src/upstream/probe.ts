import { NearfarError } from '../chat/error.ts';
import type { Secret } from '../chat/secret.ts';
import { createConnection, networkFailure } from './connection.ts';
import type { ProtocolName } from './protocol.ts';
import type { PresetName } from './traits.ts';
import { isObject, listOf, objectOf, textOf, type WireObject } from './wire-json.ts';

/** What was found at an address. */
export interface ProbeResult {
  readonly protocol: ProtocolName;
  readonly preset: PresetName;
  /** As the settings take it. */
  readonly baseUrl: string;
  /** Names of its models, in its order. */
  readonly models: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body: WireObject;
}

type Ask = (url: string, headers: Readonly<Record<string, string>>) => Promise<Answer>;

const patienceMs = 5_000;
/** More than any list of models has. */
const longestAnswer = 4 * 1024 * 1024;

/**
 * Finds out what speaks at an address by asking it for its models, in each protocol's way. Nothing but the key is sent.
 * @param address with or without the path that its routes begin with
 * @throws NearfarError `unavailable` where nobody answers, `unauthorized` where a key is wanted, `not_found` where nothing
 * that answers is known
 */
export async function probeUpstream(address: string, key: Secret | null): Promise<ProbeResult> {
  const base = rootOf(address);
  const ask = createAsk();
  const secret = key?.reveal() ?? null;
  const asAnthropic = (): Promise<ProbeResult | 'locked' | null> => tryAnthropic(ask, base, secret);
  const asOpenai = (): Promise<ProbeResult | 'locked' | null> => tryOpenai(ask, base, secret);
  const asOllama = (): Promise<ProbeResult | 'locked' | null> => tryOllama(ask, base, secret);
  const order = /(^|\.)anthropic\.com$/.test(new URL(base).hostname)
    ? [asAnthropic]
    : [asOpenai, asOllama, asAnthropic];
  let isLocked = false;
  for (const attempt of order) {
    const found = await attempt();
    if (found === 'locked') isLocked = true;
    else if (found !== null) return found;
  }
  if (isLocked) {
    throw new NearfarError(
      'unauthorized',
      key === null
        ? `${base} wants a key. Put it into an environment variable and name that: --env NAME`
        : `${base} refuses the key that it was given.`,
    );
  }
  throw new NearfarError('not_found', `Nothing that nearfar knows speaks at ${base}.`);
}

/** The address without the routes that people copy along with it. */
function rootOf(address: string): string {
  const url = new URL(address);
  const path = url.pathname
    .replace(/\/+$/, '')
    .replace(/\/(chat\/completions|completions|responses|models|messages|embeddings)$/, '')
    .replace(/\/api\/(chat|generate|tags)$/, '');
  return `${url.origin}${path}`;
}

/** The same path with `/v1` behind it, unless a version stands there. */
function versioned(base: string): string {
  return /\/v\d+(beta)?(\/openai)?$/.test(base) ? base : `${base}/v1`;
}

async function tryOpenai(ask: Ask, base: string, key: string | null): Promise<ProbeResult | 'locked' | null> {
  const baseUrl = versioned(base);
  const { status, body } = await ask(
    `${baseUrl}/models`,
    key === null ? {} : { authorization: `Bearer ${key}` },
  );
  if (status === 401 || status === 403) return 'locked';
  const data = body['data'];
  if (status !== 200 || !Array.isArray(data)) return null;
  // Anthropic's list has types in place of the word `list`.
  if (body['object'] !== 'list' && data.some((model) => objectOf(model)['type'] === 'model')) return null;
  const owner = textOf(objectOf(data[0])['owned_by']);
  const root = baseUrl.replace(/\/v1$/, '');
  if (!(owner in owners)) {
    const ollama = await tryOllama(ask, root, key);
    if (ollama !== null && ollama !== 'locked') return ollama;
  }
  return {
    protocol: 'openai',
    preset: await presetOf(ask, baseUrl, root, owner),
    baseUrl,
    models: namesOf(data, 'id'),
  };
}

/** What engines write as the owner of their models. */
const owners: Readonly<Record<string, PresetName>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  llamacpp: 'llama.cpp',
  nearfar: 'nearfar',
  tensorrt_llm: 'tensorrt-llm',
};

async function presetOf(ask: Ask, baseUrl: string, root: string, owner: string): Promise<PresetName> {
  const { hostname } = new URL(baseUrl);
  if (hostname === 'api.openai.com' || hostname.endsWith('.openai.azure.com')) return 'openai';
  if (hostname === 'api.mistral.ai') return 'mistral';
  const known = Object.hasOwn(owners, owner) ? owners[owner] : undefined;
  if (known !== undefined) return known;
  // TGI says in its facts what it is: the model's id and its own router.
  const { status, body } = await ask(`${root}/info`, {});
  return status === 200 && 'model_id' in body && 'router' in body ? 'tgi' : 'generic';
}

async function tryOllama(ask: Ask, base: string, key: string | null): Promise<ProbeResult | 'locked' | null> {
  const { status, body } = await ask(
    `${base}/api/tags`,
    key === null ? {} : { authorization: `Bearer ${key}` },
  );
  if (status === 401 || status === 403) return 'locked';
  const models = body['models'];
  if (status !== 200 || !Array.isArray(models)) return null;
  return { protocol: 'ollama', preset: 'ollama', baseUrl: base, models: namesOf(models, 'name') };
}

async function tryAnthropic(
  ask: Ask,
  base: string,
  key: string | null,
): Promise<ProbeResult | 'locked' | null> {
  const baseUrl = base.replace(/\/v1$/, '');
  const { status, body } = await ask(`${baseUrl}/v1/models?limit=1000`, {
    'anthropic-version': '2023-06-01',
    ...(key === null ? {} : { 'x-api-key': key }),
  });
  if (status === 401 || status === 403) return 'locked';
  const data = body['data'];
  if (status !== 200 || !Array.isArray(data) || !('has_more' in body)) return null;
  return { protocol: 'anthropic', preset: 'generic', baseUrl, models: namesOf(data, 'id') };
}

function namesOf(models: readonly unknown[], field: string): readonly string[] {
  return listOf(models).flatMap((model) => {
    const name = textOf(objectOf(model)[field]);
    return name === '' ? [] : [name];
  });
}

/** One request each on a connection of its own: nothing is kept of a server that was only looked at. */
function createAsk(): Ask {
  return async (url, headers) => {
    const { origin, pathname, search } = new URL(url);
    const connection = createConnection({ baseUrl: origin, connectMs: patienceMs, usesProxy: false });
    try {
      const answer = await connection.send({
        method: 'GET',
        path: pathname + search,
        headers,
        body: null,
        signal: AbortSignal.timeout(patienceMs),
      });
      return { status: answer.status, body: await readObject(answer.body) };
    } catch (thrown) {
      throw networkFailure(thrown);
    } finally {
      await connection.close();
    }
  };
}

async function readObject(body: AsyncIterable<Uint8Array>): Promise<WireObject> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    if (byteCount > longestAnswer) return {};
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

import type { LoadedSettings } from '../config/load.ts';
import type { PriceTable } from '../ledger/prices.ts';
import type { InstalledModel } from '../models/store.ts';
import { gatewayUrl } from './gateway-url.ts';
import { gradeNote, modelLine } from './model-line.ts';
import { autoLine } from './routing.ts';
import { farLine } from './upstreams.ts';

/** What `serve` prints when it listens: the address, the model and one line to paste. */
export function renderBanner(
  loaded: LoadedSettings,
  url: string,
  version: string,
  model: InstalledModel,
  prices: PriceTable,
): string {
  const note = gradeNote(model.facts);
  const far = farLine(loaded, prices);
  const auto = autoLine(loaded.settings);
  return [
    `nearfar ${version} listens on ${url}`,
    `  model    ${modelLine(model.facts)}`,
    ...(note === null ? [] : [`           ${note}`]),
    ...(far === null ? [] : [`  far      ${far}`]),
    ...(auto === null ? [] : [`  auto     ${auto}`]),
    ...checkLines(loaded, model),
    '  library  llama.cpp (MIT)',
    `  try it   ${curlLine(loaded, gatewayUrl(loaded.settings.host, Number(new URL(url).port)))}`,
  ].join('\n');
}

/** What is to be expected of a near model that reads what detectors pass. */
function checkLines({ settings }: LoadedSettings, { facts }: InstalledModel): readonly string[] {
  if (settings.privacy.check !== 'model' || facts.grade === 'assistant') return [];
  return [
    `  check    ${facts.id} (${facts.grade}) is asked what may leave (privacy.check): models below "assistant" tend to keep everything,`,
    '           or to see nothing. npm run bench -- privacy-check measures it.',
  ];
}

/** One line for a shell that gets an answer from this gateway as it is set up, its key included. */
export function curlLine(loaded: LoadedSettings, url: string): string {
  const key = loaded.settings.keys.find((candidate) => candidate.scopes.includes('use'));
  const secret =
    key === undefined ? null : key.env === undefined ? `$(cat ${key.file ?? ''})` : `$${key.env}`;
  // Bounded: a model this small may well never come to an end by itself.
  const messages = [{ role: 'user', content: 'Say hello.' }];
  const body = JSON.stringify({ model: 'auto', max_tokens: 64, messages });
  return [
    `curl ${url}/v1/chat/completions -H 'content-type: application/json'`,
    ...(secret === null ? [] : [`-H "authorization: Bearer ${secret}"`]),
    `-d '${body}'`,
  ].join(' ');
}

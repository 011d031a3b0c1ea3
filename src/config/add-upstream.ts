import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { SettingsError } from './problem.ts';

/**
 * Adds an entry to `upstreams` in a settings file, which is made where there is none. All else in it, comments included,
 * stays as it is. No key is ever among what is written: an entry names where it is found.
 * @throws SettingsError where the file cannot be read as settings
 */
export async function addUpstream(file: string, entry: Readonly<Record<string, unknown>>): Promise<void> {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const after = file.endsWith('.json')
    ? addToJson(before, entry, file)
    : await addToYaml(before, entry, file);
  // Whole or not at all, whenever the machine goes down.
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, after, { mode });
  renameSync(next, file);
}

function addToJson(before: string, entry: object, file: string): string {
  const values = before.trim() === '' ? {} : parseObject(before, file);
  const list = values['upstreams'] ?? [];
  if (!Array.isArray(list)) throw notAList(file);
  return `${JSON.stringify({ ...values, upstreams: [...(list as unknown[]), entry] }, null, 2)}\n`;
}

function parseObject(text: string, file: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new SettingsError([{ where: file, setting: '', message: 'is no JSON object; nothing was changed' }]);
}

async function addToYaml(before: string, entry: object, file: string): Promise<string> {
  const { isMap, isSeq, parseDocument } = await import('yaml');
  const document = parseDocument(before);
  if (document.errors.length > 0) {
    throw new SettingsError([{ where: file, setting: '', message: 'is no valid YAML; nothing was changed' }]);
  }
  const { contents } = document;
  if (contents === null) document.contents = document.createNode({ upstreams: [entry] }) as never;
  else if (!isMap(contents)) throw notAList(file);
  else {
    const list = document.get('upstreams', true);
    if (list === undefined || list === null) document.set('upstreams', document.createNode([entry]));
    else if (isSeq(list)) {
      // `upstreams: []` is written in one line; what is added reads better in several.
      if (list.items.length === 0) list.flow = false;
      list.add(document.createNode(entry));
    } else throw notAList(file);
  }
  return document.toString({ lineWidth: 110 });
}

function notAList(file: string): SettingsError {
  return new SettingsError([
    { where: file, setting: 'upstreams', message: 'expected a list; nothing was changed' },
  ]);
}

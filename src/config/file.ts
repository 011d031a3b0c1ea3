import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SettingsError, type SettingProblem } from './problem.ts';

/** A settings file as read: values with the line that each stands on. */
export interface SettingsFile {
  readonly path: string;
  /** The file's content as plain values; keys are not checked yet. */
  readonly values: unknown;
  /** 1-based line of the last key of a path of keys; of its nearest parent where there is no such key. */
  readonly lineOf: (keys: readonly PropertyKey[]) => number;
}

const fileNames = ['nearfar.config.yaml', 'nearfar.config.yml', 'nearfar.config.json'];

/**
 * The settings file that counts: the one named, else the one in the working folder, else the one in the home.
 * @throws SettingsError where a folder holds two of them, or the one named does not exist
 */
export function findSettingsFile(options: {
  readonly named: string | null;
  readonly workingFolder: string;
  readonly home: string;
}): string | null {
  if (options.named !== null) {
    const named = path.resolve(options.workingFolder, options.named);
    if (!existsSync(named)) {
      throw new SettingsError([{ where: named, setting: '', message: 'there is no such settings file' }]);
    }
    return named;
  }
  for (const folder of [options.workingFolder, options.home]) {
    const found = fileNames.map((name) => path.join(folder, name)).filter((file) => existsSync(file));
    if (found.length > 1) {
      const names = found.map((file) => path.basename(file)).join(' and ');
      throw new SettingsError([{ where: folder, setting: '', message: `holds ${names}; keep one of them` }]);
    }
    if (found[0] !== undefined) return found[0];
  }
  return null;
}

/**
 * Reads YAML, and JSON by the same parser (JSON is a subset of it), because that one knows line numbers.
 * @throws SettingsError with the line of every mistake in the syntax
 */
export async function readSettingsFile(file: string): Promise<SettingsFile> {
  const { LineCounter, parseDocument, isMap, isNode, isScalar } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: counter, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings].map((error): SettingProblem => ({
    where: `${file}:${counter.linePos(error.pos[0]).line}`,
    setting: '',
    message: error.message,
  }));
  if (problems.length > 0) throw new SettingsError(problems);

  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let length = keys.length; length > 0; length--) {
      const parent = length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
      // A group's value begins on the line below its name.
      const named = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && key.value === keys[length - 1])?.key
        : undefined;
      const node = named ?? document.getIn(keys.slice(0, length), true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  };
  return { path: file, values: document.toJS({ maxAliasCount: 100 }) as unknown, lineOf };
}

import os from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { crossProblems } from './cross-problems.ts';
import { findSettingsFile, readSettingsFile, type SettingsFile } from './file.ts';
import { withGroups } from './group-settings.ts';
import { keyFields } from './key-schema.ts';
import { nearest } from './nearest.ts';
import { environmentUpstreams } from './environment-upstreams.ts';
import { SettingsError, type SettingProblem } from './problem.ts';
import { upstreamKeys } from './upstream-schema.ts';
import { environmentName, settingLeaves, settingsSchema, type SettingLeaf, type Settings } from './schema.ts';

export interface LoadInput {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** `--home`, before NEARFAR_HOME. */
  readonly home?: string | undefined;
  /** `--config`, before NEARFAR_CONFIG. */
  readonly configFile?: string | undefined;
  /** Settings given on the command line, by path: `engine.parallelCount` -> `8`. */
  readonly flags?: ReadonlyMap<string, { readonly flag: string; readonly text: string }>;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** The folder that everything nearfar keeps lives in, absolute. */
  readonly home: string;
  /** The settings file that was read; null where there is none. */
  readonly file: string | null;
  /** Path of each setting -> `default`, `FILE:LINE`, `environment NAME` or `flag --name`. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Names that begin with NEARFAR_ and are no settings: the home and file themselves, keys' secrets, tests. */
const otherNames = /^NEARFAR_(HOME|CONFIG|KEY(_.*)?|TEST_.*|PEER_.*|BENCH_.*|DEBUG)$/;
/** Kubernetes gives every pod variables for a service that happens to be called nearfar. */
const serviceNames = /^NEARFAR_(SERVICE|PORT)_/;

/**
 * Settings from defaults, then the file, then the environment, then flags; later wins.
 * @throws SettingsError listing every problem with its place
 */
export async function loadSettings(input: LoadInput): Promise<LoadedSettings> {
  const home = homeFolder(input);
  const named = input.configFile ?? nonEmpty(input.environment['NEARFAR_CONFIG']) ?? null;
  const filePath = findSettingsFile({ named, workingFolder: input.workingFolder, home });
  const file = filePath === null ? null : await readSettingsFile(filePath);

  const leaves = settingLeaves();
  const values = new Map<string, unknown>();
  const sources = new Map<string, string>(leaves.map((leaf) => [leaf.path, 'default']));
  const problems: SettingProblem[] = [];

  if (file !== null) takeFile(file, leaves, values, sources, problems);
  takeEnvironment(input.environment, leaves, values, sources, problems);
  for (const [setting, { flag, text }] of input.flags ?? []) {
    const leaf = leaves.find((candidate) => candidate.path === setting);
    if (leaf === undefined) {
      problems.push({ where: `flag ${flag}`, setting: '', message: unknownSetting(setting, leaves) });
    } else {
      takeText(leaf, text, `flag ${flag}`, values, sources, problems);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);

  const stated = settingsSchema.parse(nest(values));
  const added = environmentUpstreams(input.environment, stated.upstreams);
  const settings: Settings = { ...stated, upstreams: [...stated.upstreams, ...added] };
  if (added.length > 0) {
    const names = added.map((upstream) => upstream.env).join(' and ');
    const before = sources.get('upstreams');
    const where = `environment ${names}`;
    sources.set('upstreams', before === undefined || before === 'default' ? where : `${before} and ${where}`);
  }
  const crossing = crossProblems(settings, sources, isLoopbackHost(settings.host));
  if (crossing.length > 0) throw new SettingsError(crossing);
  return { settings: withGroups(settings), home, file: filePath, sources };
}

/** `--home`, else NEARFAR_HOME, else `~/.nearfar`; absolute. */
export function homeFolder(input: Pick<LoadInput, 'home' | 'environment' | 'workingFolder'>): string {
  const named = input.home ?? nonEmpty(input.environment['NEARFAR_HOME']);
  if (named === undefined) return path.join(os.homedir(), '.nearfar');
  return path.resolve(input.workingFolder, named.replace(/^~(?=$|[/\\])/, os.homedir()));
}

/** True for the addresses that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function takeFile(
  file: SettingsFile,
  leaves: readonly SettingLeaf[],
  values: Map<string, unknown>,
  sources: Map<string, string>,
  problems: SettingProblem[],
): void {
  const place = (keys: readonly PropertyKey[]) => `${file.path}:${file.lineOf(keys)}`;
  if (file.values === null || file.values === undefined) return;
  if (!isPlainObject(file.values)) {
    problems.push({
      where: `${file.path}:1`,
      setting: '',
      message: 'expected settings, one `name: value` a line',
    });
    return;
  }
  const groupNames = new Set(leaves.flatMap((leaf) => leaf.path.split('.').slice(0, -1)));
  const take = (leafPath: string, keys: readonly string[], value: unknown) => {
    const leaf = leaves.find((candidate) => candidate.path === leafPath);
    if (leaf === undefined) {
      problems.push({ where: place(keys), setting: '', message: unknownSetting(leafPath, leaves) });
      return;
    }
    const result = leaf.schema.safeParse(value);
    if (result.success) {
      values.set(leafPath, value);
      sources.set(leafPath, place(keys));
      return;
    }
    for (const issue of result.error.issues) {
      problems.push({ where: place([...keys, ...issue.path]), ...describeIssue(leafPath, issue) });
    }
  };
  for (const [key, value] of Object.entries(file.values)) {
    if (!groupNames.has(key)) {
      take(key, [key], value);
    } else if (isPlainObject(value)) {
      for (const [inner, innerValue] of Object.entries(value))
        take(`${key}.${inner}`, [key, inner], innerValue);
    } else if (value !== null) {
      problems.push({ where: place([key]), setting: key, message: 'expected a group of settings' });
    }
  }
}

function takeEnvironment(
  environment: LoadInput['environment'],
  leaves: readonly SettingLeaf[],
  values: Map<string, unknown>,
  sources: Map<string, string>,
  problems: SettingProblem[],
): void {
  const byName = new Map(leaves.map((leaf) => [environmentName(leaf.path), leaf]));
  const hubEndpoint = byName.get('NEARFAR_HUB_ENDPOINT');
  const huggingFace = nonEmpty(environment['HF_ENDPOINT']);
  if (hubEndpoint !== undefined && huggingFace !== undefined) {
    takeText(hubEndpoint, huggingFace, 'environment HF_ENDPOINT', values, sources, problems);
  }
  // A secret may be in any variable that a key or an upstream names.
  const secrets = new Set<unknown>(
    ['keys', 'upstreams'].flatMap((setting) => {
      const entries = values.get(setting);
      return Array.isArray(entries) ? (entries as { env?: string }[]).map((entry) => entry.env) : [];
    }),
  );
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('NEARFAR_') || text === undefined || text === '') continue;
    const leaf = byName.get(name);
    if (leaf !== undefined) {
      takeText(leaf, text, `environment ${name}`, values, sources, problems);
    } else if (!otherNames.test(name) && !serviceNames.test(name) && !secrets.has(name)) {
      const near = nearest(name, [...byName.keys(), 'NEARFAR_HOME', 'NEARFAR_CONFIG']);
      const hint = near === null ? 'see `nearfar config show` for all of them' : `did you mean ${near}?`;
      problems.push({ where: `environment ${name}`, setting: '', message: `unknown setting; ${hint}` });
    }
  }
}

/** Text becomes the value that the setting takes: JSON where that fits, else the text itself, else a list. */
function takeText(
  leaf: SettingLeaf,
  text: string,
  where: string,
  values: Map<string, unknown>,
  sources: Map<string, string>,
  problems: SettingProblem[],
): void {
  const json = parseJson(text);
  const attempts: unknown[] = json === undefined ? [] : [json];
  attempts.push(
    text,
    text.split(',').map((item) => item.trim()),
  );
  for (const attempt of attempts) {
    if (!leaf.schema.safeParse(attempt).success) continue;
    values.set(leaf.path, attempt);
    sources.set(leaf.path, where);
    return;
  }
  const result = leaf.schema.safeParse(attempts[0]);
  for (const issue of result.error?.issues ?? [])
    problems.push({ where, ...describeIssue(leaf.path, issue) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Of settings that are lists of entries. */
const knownKeys: Readonly<Record<string, readonly string[]>> = {
  keys: keyFields,
  upstreams: upstreamKeys,
};

function describeIssue(leafPath: string, issue: z.core.$ZodIssue): { setting: string; message: string } {
  const inner = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  const setting = leafPath + inner;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys[leafPath] ?? [];
    const hints = issue.keys.map((key) => {
      const near = nearest(key, known);
      return near === null
        ? `unknown setting \`${key}\``
        : `unknown setting \`${key}\`; did you mean \`${near}\`?`;
    });
    return { setting, message: hints.join(', ') };
  }
  return { setting, message: issue.message };
}

function unknownSetting(setting: string, leaves: readonly SettingLeaf[]): string {
  const paths = leaves.map((leaf) => leaf.path);
  const groups = [
    ...new Set(paths.flatMap((path) => (path.includes('.') ? [path.split('.')[0] ?? path] : []))),
  ];
  const last = setting.split('.').at(-1) ?? setting;
  // A name that is right but stands in the wrong group, or in none, is meant as well.
  const near =
    nearest(setting, [...paths, ...groups]) ??
    paths.find((path) => path.split('.').at(-1) === last) ??
    nearest(
      last,
      paths.map((path) => path.split('.').at(-1) ?? path),
    );
  const hint =
    near === null
      ? 'see `nearfar config show` for all of them'
      : `did you mean ${paths.find((path) => path === near || path.endsWith(`.${near}`)) ?? near}?`;
  return `unknown setting \`${setting}\`; ${hint}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `engine.parallelCount: 8` -> `{ engine: { parallelCount: 8 } }`. */
function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const nested: Record<string, unknown> = {};
  for (const [leafPath, value] of values) {
    const [first, second] = leafPath.split('.');
    if (first === undefined) continue;
    if (second === undefined) {
      nested[first] = value;
    } else {
      nested[first] = { ...(nested[first] as Record<string, unknown> | undefined), [second]: value };
    }
  }
  return nested;
}

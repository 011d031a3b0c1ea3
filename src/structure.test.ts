import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** The directions of design.md, enforced: who may import whom, what stays pure, how long a file may be. */

const sourceRoot = import.meta.dirname;

interface SourceFile {
  /** Relative to src/, with `/`. */
  readonly path: string;
  readonly room: string;
  readonly isTest: boolean;
  readonly text: string;
  readonly lineCount: number;
  /** Relative imports as paths relative to src/; others as written. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(sourceRoot, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readSource(join(sourceRoot, name)));
const productFiles = files.filter((file) => !file.isTest);
const byPath = new Map(files.map((file) => [file.path, file]));

function readSource(absolute: string): SourceFile {
  const path = relative(sourceRoot, absolute).split(sep).join('/');
  const text = readFileSync(absolute, 'utf8');
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) =>
    fileName.startsWith('.')
      ? relative(sourceRoot, resolve(dirname(absolute), fileName))
          .split(sep)
          .join('/')
      : fileName,
  );
  const isTest = /\.test\.ts$|(^|\/)(fakes?|fixtures?|test-[\w-]+)(\/|\.ts$)/.test(path);
  return {
    path,
    room: path.split('/')[0] ?? '',
    isTest,
    text,
    lineCount: text.split('\n').length - 1,
    imports,
  };
}

/** `file -> import` for each import that breaks a rule; a failing test shows them all. */
function broken(
  among: readonly SourceFile[],
  forbids: (file: SourceFile, imported: string) => boolean,
): readonly string[] {
  return among.flatMap((file) =>
    file.imports
      .filter((imported) => forbids(file, imported))
      .map((imported) => `${file.path} -> ${imported}`),
  );
}

/** Everything that a file needs, through others, within src/. Types vanish at run time, yet name a dependency too. */
function reach(file: SourceFile): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [file];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const imported of current.imports) {
      if (reached.has(imported)) continue;
      reached.add(imported);
      const next = byPath.get(imported);
      if (next !== undefined) open.push(next);
    }
  }
  return reached;
}

const entryPoints = ['cli', 'http', 'dashboard', 'browser', 'react', 'element', 'native'];

describe('directions', () => {
  test('there is something to look at', () => {
    expect(productFiles.length).toBeGreaterThan(20);
    expect(productFiles.some((file) => file.imports.length > 3)).toBe(true);
  });

  test('no room imports an entry point', () => {
    const rooms = productFiles.filter((file) => !entryPoints.includes(file.room) && file.path.includes('/'));
    expect(
      broken(rooms, (_, imported) => entryPoints.some((entry) => imported.startsWith(`${entry}/`))),
    ).toEqual([]);
  });

  test('http does not know the command line', () => {
    const http = productFiles.filter((file) => file.room === 'http');
    expect(broken(http, (_, imported) => imported.startsWith('cli/'))).toEqual([]);
  });

  test('chat/ imports nothing but itself', () => {
    const chat = productFiles.filter((file) => file.room === 'chat');
    expect(broken(chat, (_, imported) => !imported.startsWith('chat/'))).toEqual([]);
  });

  test('only engine/llama knows the foreign function interface', () => {
    const others = files.filter((file) => !file.path.startsWith('engine/llama/'));
    expect(broken(others, (_, imported) => imported === 'koffi')).toEqual([]);
  });

  test('schedulers, prefixes and costs of a step are pure: no C, no files, no processes, not even through others', () => {
    const pure = productFiles.filter((file) =>
      /^engine\/[\w/-]*(scheduler|schedule|prefix|step-cost|radix)/.test(file.path),
    );
    expect(pure.map((file) => file.path)).toContain('engine/scheduler.ts');
    const impure = pure.flatMap((file) =>
      [...reach(file)]
        .filter((imported) => imported.startsWith('engine/llama/') || isEffect(imported))
        .map((imported) => `${file.path} -> ${imported}`),
    );
    expect(impure).toEqual([]);
  });

  test('a prompt reaches an upstream only through what clears it', () => {
    const senders = productFiles
      .filter((file) => /\bconnection\.send\(/.test(file.text))
      .map((file) => file.path);
    // The probe and the look at the load send no prompt; the exchange is begun by a model, which clears.
    expect(senders.sort()).toEqual([
      'upstream/exchange.ts',
      'upstream/load-poller.ts',
      'upstream/probe.ts',
      'upstream/relay.ts',
    ]);
    expect(byPath.get('upstream/relay.ts')?.imports).toContain('privacy/clear.ts');
    const beginners = productFiles.filter((file) => /\bexchange\(\{/.test(file.text));
    expect(beginners.map((file) => file.path)).toEqual(['upstream/upstream-model.ts']);
    expect(beginners[0]?.imports).toContain('privacy/clear.ts');
  });

  test('in a page only the gateway’s connection and downloads of models reach the network', () => {
    const network = /\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|RTCPeerConnection)\b\s*\(/;
    const senders = productFiles.filter((file) => file.room === 'browser' && network.test(file.text));
    expect(
      senders.map((file) => file.path).filter((path) => !/^browser\/(download|model-files)/.test(path)),
    ).toEqual(['browser/gateway/connection.ts']);
  });

  test('decisions and prices are pure', () => {
    const pure = [
      'ledger/cost.ts',
      'route/decide.ts',
      'route/resolve-model-name.ts',
      'route/nearest-name.ts',
      'privacy/clear.ts',
      'privacy/confine.ts',
      'ledger/prices.ts',
      'upstream/openai-chat.ts',
      'upstream/openai-responses.ts',
      'upstream/anthropic.ts',
      'upstream/ollama.ts',
      'upstream/usage.ts',
      'upstream/wire-error.ts',
      'upstream/spliced-body.ts',
      'upstream/retry-policy.ts',
      'upstream/circuit-breaker.ts',
      'promptcache/plan-marks.ts',
      'promptcache/cache-rules.ts',
      'promptcache/expected-prompt-cost.ts',
    ];
    for (const path of pure) {
      const file = byPath.get(path);
      expect(file, path).toBeDefined();
      expect([...reach(file!)].filter(isEffect), path).toEqual([]);
    }
    const plan = productFiles.filter((file) => file.room === 'plan' || file.room === 'balance');
    expect(broken(plan, (_, imported) => isEffect(imported))).toEqual([]);
  });

  test('only privacy/ makes a Cleared request', () => {
    expect(byPath.get('privacy/clear.ts')?.text).not.toMatch(/export (default )?(abstract )?class/);
  });

  test('only the redaction of a whole request says that it may leave, and only a model outside is given one', () => {
    const sealing = productFiles.filter((file) => /\bseals\.set\(/.test(file.text));
    expect(sealing.map((file) => file.path)).toEqual(['privacy/redaction/redact-request.ts']);
    const redacting = productFiles.filter((file) => /\bredactRequest\(/.test(file.text));
    expect(redacting.map((file) => file.path).sort()).toEqual([
      'privacy/redaction/redact-request.ts',
      'privacy/redaction/redacting-model.ts',
    ]);
  });

  test('product code does not lean on tests', () => {
    expect(
      broken(
        productFiles,
        (_, imported) => imported.startsWith('../test/') || byPath.get(imported)?.isTest === true,
      ),
    ).toEqual([]);
  });
});

function isEffect(imported: string): boolean {
  return /^(node:(fs|child_process|net|http|https|sqlite|worker_threads)(\/|$)|koffi$|undici$|kysely)/.test(
    imported,
  );
}

describe('files', () => {
  test('settings are handed in: only the command line and the configuration read the environment', () => {
    const readers = productFiles.filter((file) => !['cli', 'config'].includes(file.room));
    expect(readers.filter((file) => environmentUse.test(file.text)).map((file) => file.path)).toEqual([]);
  });

  test('are at most 400 lines long, and beyond 300 begin with the reason', () => {
    const long = files.filter((file) => file.lineCount > 300);
    expect(
      long.filter((file) => file.lineCount > 400).map((file) => `${file.path}: ${file.lineCount}`),
    ).toEqual([]);
    expect(
      long.filter((file) => !file.isTest && !/^\/[/*]/.test(file.text)).map((file) => file.path),
    ).toEqual([]);
  });

  test('are no barrels and no utils', () => {
    const names = files.filter((file) => /(^|\/)(utils?|helpers?|misc|common)(\/|\.ts$)/.test(file.path));
    expect(names.map((file) => file.path)).toEqual([]);
    // The package's own entries are what a barrel is for.
    const entries = /^((browser|react|element|native|plan)\/)?index\.ts$/;
    const barrels = productFiles.filter((file) => !entries.test(file.path) && isBarrel(file.text));
    expect(barrels.map((file) => file.path)).toEqual([]);
  });

  test('leave no unfinished work behind', () => {
    expect(files.filter((file) => unfinished.test(file.text)).map((file) => file.path)).toEqual([]);
  });
});

// Written in pieces, so that this file does not find itself.
const environmentUse = new RegExp(
  [['process', 'env\\b'].join('\\??\\.'), '\\benv\\b[^;\\n]*(= |from .)(node:)?process\\b'].join('|'),
);
const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);

function isBarrel(text: string): boolean {
  const statements = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest).statements;
  return (
    statements.length > 0 &&
    statements.every(
      (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined,
    )
  );
}

import { afterEach, describe, expect, it } from 'vitest';
import { lineLogger, openLibrary } from './library.ts';
import type { LlamaLibrary } from './library.ts';
import { checkLayout, differencesOf } from './layout.ts';
import { platformPackages } from './package.ts';
import { pinnedVersion } from './structs.ts';

let library: LlamaLibrary | null = null;

afterEach(() => {
  library?.close();
  library = null;
});

describe('the library', () => {
  it('opens for this machine and tells what it is', () => {
    const lines: string[] = [];
    library = openLibrary({ backend: 'auto', onLog: (_, text) => lines.push(text) });
    expect(library.version).toBe(pinnedVersion);
    expect(library.packageName).toMatch(/^@node-llama-cpp\//);
    expect(library.systemInfo).toContain('CPU');
    expect(library.devices.length).toBeGreaterThan(0);
    for (const device of library.devices) {
      expect(device.name).not.toBe('');
      expect(device.totalBytes).toBeGreaterThanOrEqual(device.freeBytes);
    }
    if (library.backend === 'cpu') expect(library.devices.some((device) => device.isGpu)).toBe(false);
  });

  it('can be opened again, and logs to whoever opened it last', () => {
    library = openLibrary({ backend: 'auto', onLog: () => undefined });
    const again = openLibrary({ backend: 'auto', onLog: () => undefined });
    expect(again.version).toBe(library.version);
    again.close();
    again.close();
  });

  it('refuses a backend that this machine does not have', () => {
    const absent = process.platform === 'darwin' ? 'cuda' : 'metal';
    expect(() => openLibrary({ backend: absent, onLog: () => undefined })).toThrow(
      expect.objectContaining({ kind: 'unavailable', field: 'backend' }),
    );
  });

  it('knows a package for each platform that it is built for, GPU first, CPU last where there is one', () => {
    for (const [platform, architecture] of [
      ['linux', 'x64'],
      ['linux', 'arm64'],
      ['darwin', 'arm64'],
      ['win32', 'x64'],
    ] as const) {
      const packages = platformPackages(platform, architecture);
      expect(packages.length).toBeGreaterThan(0);
      expect(packages.slice(0, -1).every(({ backend }) => backend !== 'cpu')).toBe(true);
    }
    expect(platformPackages('sunos', 'x64')).toEqual([]);
  });
});

describe('the layout check', () => {
  it('passes the pinned library', () => {
    library = openLibrary({ backend: 'auto', onLog: () => undefined });
    const { bindings } = library;
    expect(() => {
      checkLayout(bindings);
    }).not.toThrow();
  });

  it('names what moved', () => {
    library = openLibrary({ backend: 'auto', onLog: () => undefined });
    const { bindings } = library;
    const moved = { ...bindings.contextDefaults(), n_batch: 0, kv_unified: true };
    expect(() => {
      checkLayout({ ...bindings, contextDefaults: () => moved });
    }).toThrow(/n_batch is 0, expected 2048; llama_context_params.kv_unified is true, expected false/);
    expect(() => {
      checkLayout({ ...bindings, version: () => '9.9.9' });
    }).toThrow(/version 9.9.9/);
  });

  it('compares every expected field', () => {
    expect(differencesOf('s', { a: 1, b: null }, { a: 1, b: null })).toEqual([]);
    expect(differencesOf('s', {}, { a: null })).toEqual([]);
    expect(differencesOf('s', {}, { a: 1 })).toEqual(['s.a is null, expected 1']);
  });
});

describe('the log', () => {
  it('comes in whole lines with their level, without debug output', () => {
    const lines: string[] = [];
    const log = lineLogger((level, text) => lines.push(`${level} ${text}`));
    log(2, 'loading');
    log(5, ' ...');
    log(5, ' done\n');
    log(1, 'details\n');
    log(4, 'one\ntwo\n');
    log(3, 'odd\n\n');
    expect(lines).toEqual(['info loading ... done', 'error one', 'error two', 'warn odd']);
  });
});

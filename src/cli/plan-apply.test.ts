import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWhole } from './plan-apply.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-apply-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('writing a settings file', () => {
  it('makes it whole, its owner’s only, and leaves nothing beside it', () => {
    const file = join(folder, 'deep', 'nearfar.config.yaml');
    writeWhole(file, 'near: x\n', false);
    expect(readFileSync(file, 'utf8')).toBe('near: x\n');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['nearfar.config.yaml']);
  });

  it('never replaces a file that is there, unless it is told to', () => {
    const file = join(folder, 'nearfar.config.yaml');
    writeFileSync(file, 'mine');
    expect(() => {
      writeWhole(file, 'theirs', false);
    }).toThrow(/exists/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    writeWhole(file, 'theirs', true);
    expect(readFileSync(file, 'utf8')).toBe('theirs');
    expect(readdirSync(folder)).toEqual(['nearfar.config.yaml']);
  });

  it('leaves nothing of that name where it cannot be written', () => {
    const file = join(folder, 'nearfar.config.yaml');
    writeFileSync(join(folder, 'file'), '');
    expect(() => {
      writeWhole(join(folder, 'file', 'x.yaml'), 'text', false);
    }).toThrow();
    expect(existsSync(file)).toBe(false);
  });
});

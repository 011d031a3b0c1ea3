import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  collect,
  errorKindOf,
  fakeChildPath,
  generateCommand,
  loadOptions,
  textInput,
  textOf,
} from '../../test/fixtures/engine-requests.ts';
import { forkChild } from './child-connection.ts';
import type { LoadOptions } from './protocol.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

/** Whole life of a real process, with a child that needs no weights. */

const never = new AbortController().signal;
let folder: string;
let supervisors: Supervisor[] = [];
let logLines: string[] = [];

function supervise(load: Partial<LoadOptions> = {}, changes: Partial<SupervisorOptions> = {}): Supervisor {
  const supervisor = createSupervisor({
    connect: forkChild(fakeChildPath, (line) => logLines.push(line)),
    load: loadOptions(load),
    watchdogMs: 20_000,
    restart: { firstDelayMs: 5, longestDelayMs: 50, stableMs: 60_000, loadAttemptCount: 2 },
    closeGraceMs: 1_000,
    log: (_level, text) => logLines.push(text),
    ...changes,
  });
  supervisors.push(supervisor);
  return supervisor;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-supervisor-'));
  logLines = [];
});

afterEach(async () => {
  await Promise.all(supervisors.map((supervisor) => supervisor.close()));
  supervisors = [];
  rmSync(folder, { recursive: true });
});

describe('a healthy child', () => {
  it('answers requests that came while it was loading', async () => {
    const supervisor = supervise({ modelPath: '/SLOW-LOAD' });
    expect(supervisor.state).toBe('loading');
    const parts = await collect(supervisor.generate(generateCommand('one two three'), never));
    expect(parts.map((part) => part.type).slice(0, 2)).toEqual(['start', 'text-delta']);
    expect(textOf(parts)).toBe('one two three ');
    expect(parts.slice(-2).map((part) => part.type)).toEqual(['choice-end', 'finish']);
    expect(supervisor.state).toBe('ready');
    expect((await supervisor.ready()).description).toBe('fake');
  });

  it('counts tokens, and hands on why it cannot', async () => {
    const supervisor = supervise();
    expect(await supervisor.countTokens(textInput('a b c'))).toBe(3);
    await expect(supervisor.countTokens(textInput('REFUSE'))).rejects.toMatchObject({
      kind: 'invalid_request',
      field: 'input',
    });
  });
});

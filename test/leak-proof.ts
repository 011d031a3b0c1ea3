import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProofGateway } from '../src/cli/proof-gateway.ts';
import { loadSettings } from '../src/config/load.ts';
import type { Exercised } from '../src/privacy/prove/exercised.ts';
import type { LeakSuiteResult } from '../src/privacy/prove/leak-result.ts';
import { createFaults, runLeakSuite } from '../src/privacy/prove/leak-suite.ts';
import { namesOf } from '../src/privacy/prove/proof-names.ts';
import { createScanText } from '../src/privacy/scan-text.ts';
import { fitProfile } from '../src/route/calibration/fit-profile.ts';
import { leakSettings } from './leak-settings.ts';

/** A profile of two tiers, in its file's form: short prompts go near. */
export async function calibratedProfile(): Promise<string> {
  const outcomes = Array.from({ length: 60 }, (_, index) => {
    const isShort = index % 2 === 0;
    return {
      prompt: isShort
        ? `What is ${index}?`
        : `Explain at length, and compare, how ${'one thing and another '.repeat(9)}${index} differ.`,
      models: { near: { score: isShort ? 1 : 0, cost: 0 }, far: { score: 1, cost: 0.01 } },
    };
  });
  const { profile } = await fitProfile(outcomes, { seed: 1, resampleCount: 20 });
  return JSON.stringify(profile);
}

/** What happened to so many requests behind a gateway with the settings of `leakSettings` and these. */
export async function leakProof(
  changes: Readonly<Record<string, unknown>>,
  requestCount: number,
  seed: number,
  profile: string | null = null,
): Promise<LeakSuiteResult & { readonly exercised: Exercised }> {
  const home = mkdtempSync(join(tmpdir(), 'nearfar-leak-'));
  try {
    writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify(leakSettings(changes)));
    mkdirSync(join(home, 'profiles'));
    if (profile !== null) writeFileSync(join(home, 'profiles', 'proof.json'), profile);
    const loaded = await loadSettings({ environment: {}, workingFolder: home, home });
    const { settings } = loaded;
    const faults = createFaults(seed);
    const proof = await openProofGateway(loaded, faults);
    try {
      const result = await runLeakSuite(
        {
          ...{ seed, requestCount, names: namesOf(settings), upstreams: settings.upstreams },
          terms: settings.privacy.terms.flatMap(({ words }) => words),
          scan: createScanText({ terms: settings.privacy.terms }),
          ask: proof.ask,
          callers: proof.callers,
          checksByModel: proof.checksByModel,
          recording: proof.recording,
        },
        faults,
      );
      return { ...result, exercised: await proof.exercised() };
    } finally {
      await proof.close();
    }
  } finally {
    rmSync(home, { recursive: true });
  }
}

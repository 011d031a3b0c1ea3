import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProofGateway } from '../src/cli/proof-gateway.ts';
import { loadSettings } from '../src/config/load.ts';
import { createFaults, runLeakSuite, type LeakSuiteResult } from '../src/privacy/prove/leak-suite.ts';
import { namesOf } from '../src/privacy/prove/proof-names.ts';
import { createScanText } from '../src/privacy/scan-text.ts';
import { leakSettings } from './leak-settings.ts';

/** What happened to so many requests behind a gateway with the settings of `leakSettings` and these. */
export async function leakProof(
  changes: Readonly<Record<string, unknown>>,
  requestCount: number,
  seed: number,
): Promise<LeakSuiteResult> {
  const home = mkdtempSync(join(tmpdir(), 'nearfar-leak-'));
  try {
    writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify(leakSettings(changes)));
    const loaded = await loadSettings({ environment: {}, workingFolder: home, home });
    const { settings } = loaded;
    const faults = createFaults(seed);
    const proof = await openProofGateway(loaded, faults);
    try {
      return await runLeakSuite(
        {
          ...{ seed, requestCount, names: namesOf(settings), upstreams: settings.upstreams },
          terms: settings.privacy.terms.flatMap(({ words }) => words),
          scan: createScanText({ terms: settings.privacy.terms }),
          ask: proof.ask,
          recording: proof.recording,
        },
        faults,
      );
    } finally {
      await proof.close();
    }
  } finally {
    rmSync(home, { recursive: true });
  }
}

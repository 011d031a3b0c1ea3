import { createHash, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { pathsOf } from '../privacy/paths.ts';
import { isProven } from '../privacy/prove/leak-result.ts';
import { createFaults, runLeakSuite } from '../privacy/prove/leak-suite.ts';
import { namesOf } from '../privacy/prove/proof-names.ts';
import { proofJson, proofReport, type Proof } from '../privacy/prove/proof-report.ts';
import { createScanText } from '../privacy/scan-text.ts';
import { UsageError, type CommandInput } from './command.ts';
import { defaultRequestCount } from './privacy-prove-options.ts';
import { openProofGateway } from './proof-gateway.ts';
import { commandSettings } from './settings.ts';
import { nearfarVersion } from './version.ts';

/** Shows what leaves a gateway with these settings. @returns 1 where something leaks, or where nothing is shown */
export async function privacyProve({ options, words }: CommandInput): Promise<number> {
  if (words.length > 1) throw new UsageError('expected prove and no other words');
  const requestCount = options.number('requests', { min: 1, max: 1_000_000 }) ?? defaultRequestCount;
  const seed = options.number('seed', { min: 0, max: 2 ** 32 - 1 }) ?? randomInt(2 ** 32);
  const out = options.text('out');
  const loaded = await commandSettings(options, { profile: 'route.profile' });
  const proof = await prove(loaded, requestCount, seed);
  const report = proofReport(proof);
  if (out !== undefined) await writeFile(out, report);
  if (options.flag('json')) process.stdout.write(`${JSON.stringify(proofJson(proof), null, 2)}\n`);
  else if (out === undefined) process.stdout.write(report);
  else process.stdout.write(`${report.split('\n')[2] ?? ''}\nThe report is in ${out}.\n`);
  return isProven(proof.result) ? 0 : 1;
}

async function prove(loaded: LoadedSettings, requestCount: number, seed: number): Promise<Proof> {
  const { settings } = loaded;
  const { terms } = settings.privacy;
  const faults = createFaults(seed);
  const gateway = await openProofGateway(loaded, faults);
  try {
    const result = await runLeakSuite(
      {
        ...{ seed, requestCount, names: namesOf(settings), upstreams: settings.upstreams },
        terms: terms.flatMap(({ words }) => words),
        scan: createScanText({ terms }),
        ask: gateway.ask,
        callers: gateway.callers,
        checksByModel: gateway.checksByModel,
        recording: gateway.recording,
        onProgress: (count) => {
          if (process.stderr.isTTY) process.stderr.write(`\r${count} requests `);
        },
      },
      faults,
    );
    if (process.stderr.isTTY) process.stderr.write('\r                    \r');
    return {
      exercised: await gateway.exercised(),
      madeAt: new Date(),
      version: nearfarVersion(),
      file: loaded.file,
      settingsDigest: createHash('sha256').update(JSON.stringify(settings)).digest('hex'),
      paths: pathsOf(settings),
      result,
    };
  } finally {
    await gateway.close();
  }
}

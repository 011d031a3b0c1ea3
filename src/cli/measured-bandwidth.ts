import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cpuName } from './faster-format.ts';

/** How fast this machine reads its memory, measured. */
export interface Bandwidth {
  readonly bytesPerSecond: number;
  readonly threadCount: number;
  readonly measuredAt: string;
  /** The processor that it was measured on. */
  readonly cpu: string;
}

/** Kept in the home, because a start should not measure anew; `fresh` measures all the same. */
export async function measuredBandwidth(
  home: string,
  options: { readonly fresh: boolean },
): Promise<Bandwidth> {
  const file = path.join(home, 'bandwidth.json');
  const kept = options.fresh ? null : readKept(file);
  if (kept !== null) return kept;
  const { measureBandwidth } = await import('../measure/bandwidth.ts');
  const { bytesPerSecond, threadCount } = await measureBandwidth();
  const bandwidth = { bytesPerSecond, threadCount, measuredAt: new Date().toISOString(), cpu: cpuName() };
  mkdirSync(home, { recursive: true });
  writeFileSync(file, `${JSON.stringify(bandwidth)}\n`);
  return bandwidth;
}

function readKept(file: string): Bandwidth | null {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Bandwidth>;
    const { bytesPerSecond, threadCount, measuredAt, cpu } = kept;
    if (typeof bytesPerSecond !== 'number' || !(bytesPerSecond > 0) || cpu !== cpuName()) return null;
    return { bytesPerSecond, threadCount: threadCount ?? 0, measuredAt: measuredAt ?? '', cpu };
  } catch {
    return null;
  }
}

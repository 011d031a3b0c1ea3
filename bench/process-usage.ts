import { readdir, readFile } from 'node:fs/promises';

/** What a process and those that it started have used so far. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  /** Memory of the process alone, bytes. */
  readonly residentBytes: number;
}

/** Of Linux: `getconf CLK_TCK` is 100 wherever Node runs. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** @throws Error where there is no /proc */
export async function processUsage(pid: number): Promise<ProcessUsage> {
  const stats = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => readStat(Number(name))),
  );
  const all = stats.filter((one) => one !== null);
  const family = new Set([pid]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const one of all) if (family.has(one.parent)) family.add(one.pid);
  }
  const ticks = all.filter((one) => family.has(one.pid)).reduce((sum, one) => sum + one.ticks, 0);
  const own = all.find((one) => one.pid === pid);
  if (own === undefined) throw new Error(`process ${pid} is gone`);
  return { cpuSeconds: ticks / ticksPerSecond, residentBytes: own.pages * pageBytes };
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

async function readStat(pid: number): Promise<Stat | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, which may hold anything, stands in brackets; behind it state, parent, ... by proc(5).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const at = (index: number): number => Number(fields[index]);
    return { pid, parent: at(1), ticks: at(11) + at(12), pages: at(21) };
  } catch {
    // Ended meanwhile.
    return null;
  }
}

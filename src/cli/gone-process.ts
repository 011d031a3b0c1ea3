import os from 'node:os';
import process from 'node:process';
import type { ReservationTable } from '../store/schema.ts';

/** Whether a process of another host lives cannot be asked; no request of one takes so long. */
const foreignAgeMs = 24 * 60 * 60 * 1000;

/** Whether nobody will settle a reservation any more. */
export function isGone(row: Pick<ReservationTable, 'process' | 'made_at'>, now: number): boolean {
  const split = row.process.lastIndexOf('.');
  const pid = Number(row.process.slice(split + 1));
  if (row.process.slice(0, split) !== os.hostname()) return now - row.made_at > foreignAgeMs;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH';
  }
}

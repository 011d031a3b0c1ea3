import { Gauge, Counter, type Registry } from 'prom-client';

export interface CaptureReading {
  readonly keptCount: number;
  readonly droppedCount: number;
  readonly pendingCharacterCount: number;
}

/** What was kept of prompts and answers; never a word of them. */
export function registerCaptureMetrics(registry: Registry, read: () => CaptureReading): void {
  const registers = [registry];
  const counter = (name: string, help: string, value: (reading: CaptureReading) => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value(read()));
      },
    });
  counter(
    'nearfar_captured_total',
    'Exchanges of prompt and answer that were kept.',
    ({ keptCount }) => keptCount,
  );
  counter(
    'nearfar_capture_dropped_total',
    'Exchanges that were to be kept and were not: too long, too many at once, or refused by the disk.',
    ({ droppedCount }) => droppedCount,
  );
  new Gauge({
    name: 'nearfar_capture_pending_characters',
    help: 'Characters of prompts and answers that wait to be written.',
    registers,
    collect() {
      this.set(read().pendingCharacterCount);
    },
  });
}

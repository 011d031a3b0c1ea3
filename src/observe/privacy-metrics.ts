import { Counter, type Registry } from 'prom-client';
import type { PrivacyLabel } from '../chat/request.ts';
import type { PrivacyAudit } from '../privacy/audit.ts';

/** What was decided about requests that were not plainly open. Detectors by their first word: their codes are many. */
export function registerPrivacyMetrics(
  registry: Registry,
): (label: PrivacyLabel, audit: PrivacyAudit) => void {
  const registers = [registry];
  const decisions = new Counter({
    name: 'nearfar_privacy_decisions_total',
    help: 'Requests that were not plainly open, by label, by mode (what happens where they would leave) and by where they went.',
    labelNames: ['label', 'mode', 'went'],
    registers,
  });
  const found = new Counter({
    name: 'nearfar_privacy_detections_total',
    help: 'Requests in which a detector found something, by the first word of its code; each once a request.',
    labelNames: ['detector'],
    registers,
  });
  return (label, { mode, went, detectors }) => {
    decisions.inc({ label, mode, went });
    for (const detector of new Set(detectors.map((code) => code.split('.')[0] ?? code)))
      found.inc({ detector });
  };
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import {
  explainEstimate,
  recommendModel,
  type Assessment,
  type MachineMeasures,
} from '../models/recommend.ts';
import type { ModelStore } from '../models/store.ts';
import { nearfarCommand } from './invocation.ts';
import { readMachine } from './machine.ts';
import { measuredBandwidth } from './measured-bandwidth.ts';
import { gradeNote, modelLine } from './model-line.ts';
import { createProgressPrinter, formatBytes } from './progress.ts';

/** The best model of the catalog for this machine, with the figures that the choice rests on. */
export interface Recommendation {
  readonly assessment: Assessment;
  readonly machine: MachineMeasures;
}

/** Null where no model of the catalog fits. */
export async function recommendation(home: string): Promise<Recommendation | null> {
  const { memoryFree, diskFree } = await readMachine(home);
  const bandwidth = await measuredBandwidth(home, { fresh: false });
  const machine: MachineMeasures = {
    memoryBytes: memoryFree,
    diskBytes: diskFree,
    bandwidthBytesPerSecond: bandwidth.bytesPerSecond,
  };
  const assessment = recommendModel(machine);
  return assessment === null ? null : { assessment, machine };
}

/**
 * What `nearfar pull recommended` pulls.
 * @throws NearfarError `unavailable` where none of the catalog fits
 */
export async function recommendedReference(loaded: LoadedSettings): Promise<string> {
  const found = await recommendation(loaded.home);
  if (found !== null) return found.assessment.id;
  throw new NearfarError(
    'unavailable',
    'No model of the catalog fits the free memory and disk of this machine at a speed that can be read along with.',
  );
}

/** `qwen2.5-3b-instruct (assistant, 2.1 GB, licence: ...): about 14 tokens/s at most (estimated: ...)` */
export function describeRecommendation({ assessment, machine }: Recommendation): string {
  const { id, entry, file } = assessment;
  const size = `${file.isSizeExact ? '' : 'about '}${formatBytes(file.sizeBytes)}`;
  return `${id} (${entry.grade}, ${size}, licence: ${entry.license}): ${explainEstimate(assessment, machine)}`;
}

/** What the owner said when he was asked; kept in the home, so that he is asked once. */
type Decision = 'yes' | 'not now' | 'never';

export interface Offer {
  readonly loaded: LoadedSettings;
  readonly store: ModelStore;
  readonly signal: AbortSignal;
  /** Makes `near` stand for another model from now on. */
  readonly setNear: (modelId: string) => void;
}

/**
 * Names a better model than the smoke test while that one answers already. On a terminal it asks once whether to pull
 * it; elsewhere it prints the command. Silent where `near` is not the default, or where it was declined.
 */
export async function offerRecommended(offer: Offer): Promise<void> {
  const { loaded, store, signal } = offer;
  if (loaded.sources.get('near') !== 'default') return;
  const decision = readDecision(loaded.home);
  if (decision === 'never' || decision === 'yes') return;
  const found = await recommendation(loaded.home);
  if (found === null || signal.aborted || found.assessment.id === loaded.settings.near) return;
  const { id } = found.assessment;
  if ((await store.find(id)) !== null) {
    process.stdout.write(`  better   ${id} is here; use it: ${nearfarCommand(`serve --near ${id}`)}\n`);
    return;
  }
  process.stdout.write(`  better   ${describeRecommendation(found)}\n`);
  if (!process.stdin.isTTY || !process.stdout.isTTY || decision === 'not now') {
    process.stdout.write(`           ${nearfarCommand('pull recommended')}\n`);
    return;
  }
  const answer = await askOnce(`Pull ${id} now? [y]es / [n]ot now / ne[v]er: `, signal);
  if (answer === null) return;
  writeDecision(loaded.home, answer);
  if (answer === 'yes') await pullRecommended(offer, id);
  else process.stdout.write(`Later: ${nearfarCommand('pull recommended')}\n`);
}

async function pullRecommended({ loaded, store, signal, setNear }: Offer, id: string): Promise<void> {
  const printer = createProgressPrinter(process.stderr);
  try {
    const model = await store.pull(id, { onProgress: printer.update, signal });
    printer.end();
    setNear(model.id);
    process.stdout.write(`${modelLine(model.facts)}\nauto and near stand for it from now on.\n`);
    const note = gradeNote(model.facts);
    if (note !== null) process.stdout.write(`${note}\n`);
    keepNear(loaded, model.id);
  } catch (thrown) {
    printer.end();
    // Asked again at the next start: what was wanted did not happen.
    writeDecision(loaded.home, 'not now');
    if (!signal.aborted)
      process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  }
}

/** Writes `near` into the home's settings file where there is no file yet; elsewhere the owner is told the line. */
function keepNear(loaded: LoadedSettings, id: string): void {
  const line = `near: ${JSON.stringify(id)}`;
  const file = path.join(loaded.home, 'nearfar.config.yaml');
  if (loaded.file === null && !existsSync(file)) {
    writeFileSync(
      file,
      `# Written when you chose this model at the first start. All settings: nearfar config init\n${line}\n`,
    );
    process.stdout.write(`Kept in ${file}.\n`);
  } else {
    process.stdout.write(`To keep it, put this line into ${loaded.file ?? file}: ${line}\n`);
  }
}

/** `null` where the question was not answered: the gateway is stopping. */
async function askOnce(question: string, signal: AbortSignal): Promise<Decision | null> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  // readline takes Ctrl-C for itself; here it means what it always means.
  lines.on('SIGINT', () => {
    process.kill(process.pid, 'SIGINT');
  });
  try {
    const text = (await lines.question(question, { signal })).trim().toLowerCase();
    if (text === 'y' || text === 'yes') return 'yes';
    return text === 'v' || text === 'never' ? 'never' : 'not now';
  } catch {
    return null;
  } finally {
    lines.close();
  }
}

function decisionPath(home: string): string {
  return path.join(home, 'recommendation.json');
}

function readDecision(home: string): Decision | null {
  try {
    const { decision } = JSON.parse(readFileSync(decisionPath(home), 'utf8')) as { decision?: unknown };
    return decision === 'yes' || decision === 'not now' || decision === 'never' ? decision : null;
  } catch {
    return null;
  }
}

function writeDecision(home: string, decision: Decision): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(decisionPath(home), `${JSON.stringify({ decision, decidedAt: new Date().toISOString() })}\n`);
}

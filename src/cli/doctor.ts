import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { LoadedModel } from '../engine/protocol.ts';
import type { InstalledModel } from '../models/store.ts';
import { jsonOption, type Command } from './command.ts';
import { foundKernels } from './found-kernels.ts';
import { findingsOf, isRepacked, type DoctorFacts, type Finding } from './findings.ts';
import { loadOptionsFor } from './load-options.ts';
import { findReference } from './model-index.ts';
import { longPromptLines, longPrompts, type LongPrompt } from './long-prompts.ts';
import { readMachine, type Machine } from './machine.ts';
import { createMemoryPredictor } from './predicted-memory.ts';
import { measuredBandwidth, type Bandwidth } from './measured-bandwidth.ts';
import { modelLine } from './model-line.ts';
import { openStore } from './open-store.ts';
import { formatBytes } from './progress.ts';
import { commandSettings } from './settings.ts';
import { nearfarVersion } from './version.ts';

/** All that doctor found; `--json` prints it. */
interface Report {
  readonly nearfar: { readonly version: string; readonly node: string; readonly home: string };
  readonly machine: Machine;
  readonly bandwidth: Bandwidth;
  readonly library: LibraryReport | { readonly error: string };
  readonly model: InstalledModel | null;
  readonly loaded: LoadedModel | { readonly error: string } | null;
  /** How prompts of some lengths are served best. */
  readonly longPrompts: readonly LongPrompt[];
  readonly findings: readonly Finding[];
}

interface LibraryReport {
  readonly version: string;
  readonly package: string;
  readonly backend: string;
  readonly cpuVariant: string | null;
  readonly systemInfo: string;
  readonly devices: readonly { name: string; description: string; freeBytes: number; totalBytes: number }[];
  readonly rejected: readonly string[];
}

export const doctor: Command = {
  name: 'doctor',
  usage: '[--json]',
  description: [
    'Tells what this machine has, which inference library was loaded for it, how long a step of the near model takes',
    'by its width (measured), and what is slow and why. Loads the model for that, so it may take some seconds.',
  ].join('\n'),
  options: {
    'no-model': { type: 'boolean', description: 'Do not load a model' },
    ...jsonOption,
  },
  examples: ['nearfar doctor', 'nearfar doctor --json'],
  run: async (input) => {
    const loaded = await commandSettings(input.options);
    const report = await examine(loaded, !input.options.flag('no-model'));
    const text = input.options.flag('json') ? JSON.stringify(report, null, 2) : renderReport(report);
    process.stdout.write(`${text}\n`);
    return 'error' in report.library ? 1 : 0;
  },
};

async function examine(settings: LoadedSettings, withModel: boolean): Promise<Report> {
  const machine = await readMachine(settings.home);
  const library = await readLibrary(settings);
  // Before the model is loaded: its threads would be measured along.
  const bandwidth = await measuredBandwidth(settings.home, { fresh: true });
  const store = await openStore(settings, () => undefined);
  const model = await store.find(settings.settings.near);
  const loaded = withModel && model !== null ? await loadModel(model, settings) : null;
  return {
    nearfar: { version: nearfarVersion(), node: process.version, home: settings.home },
    machine,
    bandwidth,
    library,
    model,
    loaded,
    longPrompts:
      loaded === null || 'error' in loaded
        ? []
        : longPrompts(loaded, {
            hostCacheBytes: settings.settings.engine.hostCacheBytes,
            freeMemoryBytes: machine.memoryFree,
          }),
    findings: findingsOf({
      machine,
      bandwidthBytesPerSecond: bandwidth.bytesPerSecond,
      rejectedBackends: 'error' in library ? [] : library.rejected,
      facts: model?.facts ?? null,
      loaded: loaded === null || 'error' in loaded ? null : loaded,
      wasRequantized: (model?.requantization ?? null) !== null,
      kernels: kernelFacts(settings),
    }),
  };
}

/** Where they were built and do not compute, they were measured to be no faster; or the owner wants the shipped ones. */
function kernelFacts({ settings, home }: LoadedSettings): DoctorFacts['kernels'] {
  if (settings.engine.kernels === 'shipped') return { areWanting: false, problem: null };
  const { built, problem } = foundKernels(home);
  return { areWanting: built === null && problem === null, problem };
}

async function readLibrary({ settings }: LoadedSettings): Promise<Report['library']> {
  const { openLibrary } = await import('../engine/llama/library.ts');
  try {
    const library = openLibrary({ backend: settings.engine.backend, onLog: () => undefined });
    const devices = library.devices.map(({ name, description, freeBytes, totalBytes }) => ({
      name,
      description,
      freeBytes,
      totalBytes,
    }));
    const { version, packageName, backend, cpuVariant, systemInfo, rejected } = library;
    const report = { version, package: packageName, backend, cpuVariant, systemInfo, devices, rejected };
    library.close();
    return report;
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function loadModel(model: InstalledModel, settings: LoadedSettings): Promise<Report['loaded']> {
  const { createModelPool } = await import('../engine/model-pool.ts');
  const store = await openStore(settings, () => undefined);
  const pool = createModelPool({
    findModel: () => Promise.resolve(model),
    loadOptionsFor: (found) =>
      loadOptionsFor(found, settings, (reference) => findReference(store, reference)),
    // One model, whatever it takes: the library says itself where memory does not suffice.
    memoryBudgetBytes: Infinity,
    predictMemory: createMemoryPredictor(),
    maxLoadedCount: 1,
    defaultModelId: model.id,
    keepAliveSeconds: 0,
    watchdogMs: settings.settings.engine.watchdogMs,
    log: () => undefined,
  });
  try {
    return await pool.load(model.id);
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    await pool.close();
  }
}

function renderReport(report: Report): string {
  const { machine, library, model, loaded, bandwidth } = report;
  const lines = [
    `nearfar ${report.nearfar.version}, Node ${report.nearfar.node}, home ${report.nearfar.home}`,
    '',
    'Machine',
    `  processor  ${machine.cpuModel} (${machine.platform}), ${machine.processorCount} usable`,
    `  features   ${machine.cpuFeatures.join(' ') || 'not told by this system'}`,
    `  memory     ${formatBytes(machine.memoryFree)} free of ${formatBytes(machine.memoryTotal)}`,
    `  disk       ${formatBytes(machine.diskFree)} free in the nearfar home`,
  ];
  if (machine.load !== null) lines.push(`  load       ${machine.load.toFixed(2)} over the last minute`);
  lines.push(`  bandwidth  ${formatBytes(bandwidth.bytesPerSecond)}/s read from memory (measured)`);
  lines.push('', 'Library');
  if ('error' in library) {
    lines.push(`  ${library.error}`);
  } else {
    lines.push(
      `  llama.cpp  ${library.version}, from ${library.package} (MIT)`,
      `  backend    ${library.backend}${library.cpuVariant === null ? '' : `, CPU kernels built for ${library.cpuVariant}`}`,
      ...library.devices.map(
        (device) =>
          `  device     ${device.name}: ${device.description}, ${formatBytes(device.freeBytes)} free of ${formatBytes(device.totalBytes)}`,
      ),
      ...library.rejected.map((reason) => `  not used   ${reason}`),
    );
  }
  lines.push('', 'Near model');
  if (model === null) lines.push('  none is here; nearfar pull recommended');
  else lines.push(`  ${modelLine(model.facts)}`, ...modelLines(report));
  if (loaded !== null) lines.push(...loadedLines(loaded, report));
  lines.push(...longPromptLines(report.longPrompts));
  lines.push('', 'What is slow, and why');
  if (report.findings.length === 0) lines.push('  nothing was found');
  lines.push(...report.findings.map((finding) => `  ${finding.severity}: ${finding.text}`));
  return lines.join('\n');
}

function modelLines({ model, machine }: Report): string[] {
  if (model === null) return [];
  const lines: string[] = [];
  const { format } = model.facts;
  if (format !== null && machine.cpuFeatures.length > 0) {
    lines.push(
      `  kernels    ${format} is ${isRepacked(format, machine.cpuFeatures) ? '' : 'not '}repacked for this processor`,
    );
  }
  const weighed = model.requantization ?? null;
  if (weighed !== null) lines.push(`  requantized  ${weighed.reason}`);
  return lines;
}

function loadedLines(loaded: NonNullable<Report['loaded']>, { model, bandwidth }: Report): string[] {
  if ('error' in loaded) return [`  could not be loaded: ${loaded.error}`];
  const lines = [
    `  context    ${loaded.contextTokenCount} tokens (trained for ${loaded.trainedContextTokenCount})`,
    `  threads    ${loaded.threadCount}, ${loaded.gpuLayerCount} layers on a GPU, loaded in ${loaded.loadMs.toFixed(0)} ms`,
  ];
  if (loaded.kernels === 'built')
    lines.push('  computed   by CPU kernels that were built here (nearfar kernels)');
  if (loaded.stepCost.length > 0) {
    lines.push('  a step of  takes (measured)   that is');
    for (const { tokenCount, milliseconds } of loaded.stepCost) {
      const speed = (tokenCount / milliseconds) * 1000;
      lines.push(
        `  ${String(tokenCount).padStart(9)}  ${`${milliseconds.toFixed(1)} ms`.padEnd(18)} ${speed.toFixed(0)} tokens/s`,
      );
    }
    const one = loaded.stepCost.find((point) => point.tokenCount === 1);
    const size = model?.facts.sizeBytes ?? null;
    if (one !== undefined && size !== null) {
      const bound = bandwidth.bytesPerSecond / size;
      lines.push(
        `  one stream decodes at ${(1000 / one.milliseconds).toFixed(0)} tokens/s; reading the weights once a token allows` +
          ` ${bound.toFixed(0)} (estimated: ${formatBytes(bandwidth.bytesPerSecond)}/s / ${formatBytes(size)})`,
      );
    }
  }
  return lines;
}

import os from 'node:os';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { findEngine } from '../plan/catalogue/engines.ts';
import { devices, findDevice, type Device } from '../plan/calculate/device.ts';
import { platformOffers, platforms, rentedOffers, type Platform } from '../plan/decide/ask.ts';
import type { Offer } from '../plan/decide/question.ts';
import { UsageError, type OptionValues } from './command.ts';

/** The hardware that `--hardware`, `--platform` and `--may-rent` speak of. @throws UsageError naming the option */
export async function offersOf(options: OptionValues, loaded: LoadedSettings): Promise<readonly Offer[]> {
  const platform = readPlatform(options.text('platform'));
  const named = options.list('hardware');
  const rented = options.flag('may-rent') ? rentedOffers() : [];
  if (named.length === 0) return [...platformOffers(platform), ...(platform === 'server' ? [] : rented)];
  const own = await Promise.all(named.map((text) => offerOf(text, platform, options, loaded)));
  return [...own, ...rented];
}

export function readPlatform(text: string | undefined): Platform {
  const platform = platforms.find((one) => one === (text ?? 'server'));
  if (platform === undefined)
    throw new UsageError(`--platform: expected one of ${platforms.join(', ')}, got ${JSON.stringify(text)}`);
  return platform;
}

/**
 * `this`, or a device of the table, and how many. `named`: `null` stands for this machine.
 * @throws UsageError naming the option
 */
export function checkHardware(text: string): { readonly count: number; readonly named: Device | null } {
  const match = /^(.+?)(?:\s+x\s?(\d{1,4}))?$/.exec(text.trim());
  const name = match?.[1] ?? text;
  const count = Number(match?.[2] ?? 1);
  if (count < 1) throw new UsageError(`--hardware: expected at least 1 of ${name}, got ${count}`);
  const isThis = name.toLowerCase() === 'this';
  const named = isThis ? null : findDevice(name);
  if (!isThis && named === null)
    throw new UsageError(
      `--hardware: expected this, or one of ${devices.map((device) => device.name).join(', ')}, got ${JSON.stringify(name)}`,
    );
  return { count, named };
}

async function offerOf(
  text: string,
  platform: Platform,
  options: OptionValues,
  loaded: LoadedSettings,
): Promise<Offer> {
  const { count, named } = checkHardware(text);
  const found = named ?? (await thisDevice(loaded));
  const gigabytes = options.number('memory', { min: 0.01, max: 1e6 });
  const device: Device = gigabytes === undefined ? found : { ...found, memoryBytes: gigabytes * 1e9 };
  // What stands in users' hands answers its own user; everything else is a machine that somebody pays for.
  const isUsers =
    ['phone', 'browser'].includes(device.kind) || ['phone', 'browser', 'embedded'].includes(platform);
  return {
    device,
    terms: isUsers ? 'users' : 'owned',
    countLimit: isUsers ? Infinity : count,
    price: isUsers ? 0 : (options.number('machine-price', { min: 0, max: 1e9 }) ?? 0),
  };
}

const systemNames: Readonly<Record<string, string>> = { darwin: 'macos', win32: 'windows' };
/** Operations of a core in a cycle: two units of eight 32-bit floats, each a multiplication and an addition. */
const operationsPerCycle = 32;
const assumedHertz = 3e9;

/** This machine: memory and bandwidth measured; what it computes too where `plan speed --measure` was run, else a guess. */
export async function thisDevice(loaded: LoadedSettings): Promise<Device> {
  const { home } = loaded;
  const { measuredBandwidth } = await import('./measured-bandwidth.ts');
  const { readMachine } = await import('./machine.ts');
  const bandwidth = await measuredBandwidth(home, { fresh: false });
  const machine = await readMachine(home);
  const cores = bandwidth.threadCount > 0 ? bandwidth.threadCount : os.availableParallelism();
  const { keptCalibration } = await import('./machine-speed.ts');
  const kept = keptCalibration(loaded);
  // What kernels were measured to reach is a share of the device's FLOPS as for every other device: of the same engine's.
  const reached = findEngine('nearfar')?.efficiency.compute ?? 1;
  return {
    name: 'this machine',
    kind: process.platform === 'darwin' && process.arch === 'arm64' ? 'apple' : 'cpu',
    systems: [systemNames[process.platform] ?? process.platform],
    memoryBytes: machine.memoryTotal,
    usableShare: 0.8,
    memoryBytesPerSecond: bandwidth.bytesPerSecond,
    flops16: null,
    assumedFlops16:
      kept === null ? cores * assumedHertz * operationsPerCycle : kept.calibration.flops / reached,
    flops8: null,
    hasFp8: false,
    powerWatts: null,
    rentPerHour: null,
    price: null,
    source:
      `${bandwidth.cpu}: ${(bandwidth.bytesPerSecond / 1e9).toFixed(1)} GB/s measured on ${bandwidth.measuredAt.slice(0, 10)}; ` +
      (kept === null
        ? `${cores} cores of ${operationsPerCycle} operations at 3 GHz assumed; nearfar plan speed MODEL --measure measures them`
        : `${(kept.calibration.flops / 1e9).toFixed(0)} GFLOPS reached by its kernels, measured on ${kept.measuredAt.slice(0, 10)}`),
    checkedOn: bandwidth.measuredAt.slice(0, 10),
  };
}

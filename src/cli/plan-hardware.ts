import os from 'node:os';
import process from 'node:process';
import { devices, findDevice, type Device } from '../plan/calculate/device.ts';
import { platformOffers, platforms, rentedOffers, type Platform } from '../plan/decide/ask.ts';
import type { Offer } from '../plan/decide/question.ts';
import { UsageError, type OptionValues } from './command.ts';

/** The hardware that `--hardware`, `--platform` and `--may-rent` speak of. @throws UsageError naming the option */
export async function offersOf(options: OptionValues, home: string): Promise<readonly Offer[]> {
  const platform = readPlatform(options.text('platform'));
  const named = options.list('hardware');
  const rented = options.flag('may-rent') ? rentedOffers() : [];
  if (named.length === 0) return [...platformOffers(platform), ...(platform === 'server' ? [] : rented)];
  const own = await Promise.all(named.map((text) => offerOf(text, platform, options, home)));
  return [...own, ...rented];
}

export function readPlatform(text: string | undefined): Platform {
  const platform = platforms.find((one) => one === (text ?? 'server'));
  if (platform === undefined)
    throw new UsageError(`--platform: expected one of ${platforms.join(', ')}, got ${JSON.stringify(text)}`);
  return platform;
}

async function offerOf(
  text: string,
  platform: Platform,
  options: OptionValues,
  home: string,
): Promise<Offer> {
  const match = /^(.+?)(?:\s+x\s?(\d{1,4}))?$/.exec(text.trim());
  const name = match?.[1] ?? text;
  const count = Number(match?.[2] ?? 1);
  if (count < 1) throw new UsageError(`--hardware: expected at least 1 of ${name}, got ${count}`);
  const found = name.toLowerCase() === 'this' ? await thisDevice(home) : findDevice(name);
  if (found === null)
    throw new UsageError(
      `--hardware: expected this, or one of ${devices.map((device) => device.name).join(', ')}, got ${JSON.stringify(name)}`,
    );
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

/** This machine: memory and bandwidth measured; what it computes is a guess from its processors until a model was measured on it. */
export async function thisDevice(home: string): Promise<Device> {
  const { measuredBandwidth } = await import('./measured-bandwidth.ts');
  const { readMachine } = await import('./machine.ts');
  const bandwidth = await measuredBandwidth(home, { fresh: false });
  const machine = await readMachine(home);
  const cores = bandwidth.threadCount > 0 ? bandwidth.threadCount : os.availableParallelism();
  return {
    name: 'this machine',
    kind: process.platform === 'darwin' && process.arch === 'arm64' ? 'apple' : 'cpu',
    systems: [systemNames[process.platform] ?? process.platform],
    memoryBytes: machine.memoryTotal,
    usableShare: 0.8,
    memoryBytesPerSecond: bandwidth.bytesPerSecond,
    flops16: null,
    assumedFlops16: cores * assumedHertz * operationsPerCycle,
    flops8: null,
    hasFp8: false,
    powerWatts: null,
    rentPerHour: null,
    price: null,
    source:
      `${bandwidth.cpu}: ${(bandwidth.bytesPerSecond / 1e9).toFixed(1)} GB/s measured on ${bandwidth.measuredAt.slice(0, 10)}; ` +
      `${cores} cores of ${operationsPerCycle} operations at 3 GHz assumed`,
    checkedOn: bandwidth.measuredAt.slice(0, 10),
  };
}

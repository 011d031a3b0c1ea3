/**
 * What a device can do, from its maker's data sheet: bounds, not measurements. Every figure that rests on these is an
 * estimate. FLOPS are dense (without sparsity), in 16-bit floats with 32-bit sums, or 8-bit where stated.
 */
export interface Device {
  readonly name: string;
  readonly kind: 'gpu' | 'apple' | 'phone' | 'cpu';
  readonly memoryBytes: number;
  readonly memoryBytesPerSecond: number;
  /** `null`: the maker does not say. */
  readonly flops16: number | null;
  /** FP8 or INT8; `null`: none, or not said. */
  readonly flops8: number | null;
  readonly hasFp8: boolean;
  /** Watts of the board or package at most; `null`: the maker does not say. */
  readonly powerWatts: number | null;
  /** Rent of one, US dollars an hour, as asked by clouds that sell by the hour; `null`: not rented. A rough guide. */
  readonly rentPerHour: number | null;
  readonly source: string;
}

const GB = 1e9;
const TB = 1e12;
const T = 1e12;

/** When the table was written. Rents move by the week: give your own with --rent. */
export const deviceTableDate = '2026-11-30';

const rents = 'rent: a round figure of on-demand offers, not a quote';

export const devices: readonly Device[] = [
  {
    ...{
      name: 'H100 SXM',
      kind: 'gpu',
      memoryBytes: 80 * GB,
      memoryBytesPerSecond: 3.35 * TB,
      flops16: 989 * T,
    },
    ...{ flops8: 1979 * T, hasFp8: true, powerWatts: 700, rentPerHour: 3 },
    source: `NVIDIA H100 data sheet (dense is half of the sparse figure); ${rents}`,
  },
  {
    ...{ name: 'H200', kind: 'gpu', memoryBytes: 141 * GB, memoryBytesPerSecond: 4.8 * TB, flops16: 989 * T },
    ...{ flops8: 1979 * T, hasFp8: true, powerWatts: 700, rentPerHour: 4 },
    source: `NVIDIA H200 data sheet (dense is half of the sparse figure); ${rents}`,
  },
  {
    ...{ name: 'A100 80GB', kind: 'gpu', memoryBytes: 80 * GB, memoryBytesPerSecond: 2.039 * TB },
    ...{ flops16: 312 * T, flops8: 624 * T, hasFp8: false, powerWatts: 400, rentPerHour: 1.8 },
    source: `NVIDIA A100 data sheet; ${rents}`,
  },
  {
    ...{ name: 'L4', kind: 'gpu', memoryBytes: 24 * GB, memoryBytesPerSecond: 0.3 * TB, flops16: 121 * T },
    ...{ flops8: 242 * T, hasFp8: true, powerWatts: 72, rentPerHour: 0.7 },
    source: `NVIDIA L4 data sheet (dense is half of the sparse figure); ${rents}`,
  },
  {
    ...{ name: 'RTX 4090', kind: 'gpu', memoryBytes: 24 * GB, memoryBytesPerSecond: 1.008 * TB },
    ...{ flops16: 165 * T, flops8: 330 * T, hasFp8: true, powerWatts: 450, rentPerHour: 0.5 },
    source: `NVIDIA Ada architecture whitepaper, appendix A; ${rents}`,
  },
  {
    ...{ name: 'RTX 5090', kind: 'gpu', memoryBytes: 32 * GB, memoryBytesPerSecond: 1.792 * TB },
    ...{ flops16: 210 * T, flops8: 419 * T, hasFp8: true, powerWatts: 575, rentPerHour: 0.8 },
    source: `NVIDIA RTX Blackwell architecture whitepaper; ${rents}`,
  },
  {
    ...{ name: 'Apple M4', kind: 'apple', memoryBytes: 16 * GB, memoryBytesPerSecond: 120 * GB },
    ...{ flops16: null, flops8: null, hasFp8: false, powerWatts: null, rentPerHour: null },
    source: 'Apple newsroom, M4 (May 2024)',
  },
  {
    ...{ name: 'Apple M4 Max', kind: 'apple', memoryBytes: 64 * GB, memoryBytesPerSecond: 546 * GB },
    ...{ flops16: null, flops8: null, hasFp8: false, powerWatts: null, rentPerHour: null },
    source: 'Apple newsroom, M4 Pro and M4 Max (October 2024)',
  },
  {
    ...{ name: 'Apple M3 Ultra', kind: 'apple', memoryBytes: 256 * GB, memoryBytesPerSecond: 819 * GB },
    ...{ flops16: null, flops8: null, hasFp8: false, powerWatts: null, rentPerHour: null },
    source: 'Apple newsroom, M3 Ultra (March 2025)',
  },
  {
    ...{ name: 'Apple A19 Pro', kind: 'phone', memoryBytes: 12 * GB, memoryBytesPerSecond: 76.8 * GB },
    ...{ flops16: null, flops8: null, hasFp8: false, powerWatts: null, rentPerHour: null },
    source: 'LPDDR5X-9600 on 64 bits (teardowns; Apple states neither memory nor bandwidth)',
  },
  {
    ...{ name: 'Snapdragon 8 Elite', kind: 'phone', memoryBytes: 16 * GB, memoryBytesPerSecond: 84.8 * GB },
    ...{ flops16: null, flops8: null, hasFp8: false, powerWatts: null, rentPerHour: null },
    source: 'Qualcomm product brief: LPDDR5X at up to 5,300 MHz on 64 bits',
  },
];

/** By its name in any case, spaces and dashes ignored; `null`: not in the table. */
export function findDevice(name: string): Device | null {
  const squash = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, '');
  return (
    devices.find((device) => squash(device.name) === squash(name)) ??
    devices.find((device) => squash(device.name).startsWith(squash(name))) ??
    null
  );
}

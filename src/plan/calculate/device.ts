/**
 * What a device can do, from its maker's data sheet: bounds, not measurements. Every figure that rests on these is an
 * estimate. FLOPS are dense (without sparsity), in 16-bit floats with 32-bit sums, or 8-bit where stated.
 */
export interface Device {
  readonly name: string;
  readonly kind: DeviceKind;
  /** Operating systems that engines know it by. */
  readonly systems: readonly string[];
  readonly memoryBytes: number;
  /** Of the memory, what a model may take: the system and other programs want the rest. */
  readonly usableShare: number;
  readonly memoryBytesPerSecond: number;
  /** `null`: the maker does not say. */
  readonly flops16: number | null;
  /** What is taken for `flops16` where the maker does not say: a guess from its 32-bit shader rate. */
  readonly assumedFlops16: number | null;
  /** FP8 or INT8; `null`: none, or not said. */
  readonly flops8: number | null;
  readonly hasFp8: boolean;
  /** Watts of the board or package at most; `null`: the maker does not say. */
  readonly powerWatts: number | null;
  /** Rent of one, US dollars an hour, as asked by clouds that sell by the hour; `null`: not rented. A rough guide. */
  readonly rentPerHour: number | null;
  /** Of a whole machine with it, US dollars; `null`: not sold, or its user has it anyway. From memory. */
  readonly price: number | null;
  readonly source: string;
  /** The day on which the figures were compared with a source that was at hand; `null`: from memory, check. */
  readonly checkedOn: string | null;
}

export const deviceKinds = ['gpu', 'apple', 'phone', 'cpu', 'browser', 'embedded'] as const;
export type DeviceKind = (typeof deviceKinds)[number];

const GB = 1e9;
const TB = 1e12;
const T = 1e12;

/** When the table was written. Rents move by the week: give your own with --rent. */
export const deviceTableDate = '2026-11-30';

const rents =
  'rent: between the offers that deploybase.ai (March 2026) and mercatus-ai.com (May 2026) list, not a quote';

interface Row {
  readonly name: string;
  readonly memory: number;
  readonly bandwidth: number;
  readonly source: string;
  readonly flops16?: number;
  readonly assumedFlops16?: number;
  readonly flops8?: number;
  readonly hasFp8?: boolean;
  readonly watts?: number;
  readonly rent?: number;
  readonly price?: number;
  readonly systems?: readonly string[];
  readonly isChecked?: boolean;
}

/** What is the same for all of a kind. Phones: apps are ended that take more than 50 to 67% (rickytakkar.com, February 2026). */
const ofKind: Readonly<
  Record<DeviceKind, { readonly usableShare: number; readonly systems: readonly string[] }>
> = {
  gpu: { usableShare: 0.9, systems: ['linux', 'windows'] },
  apple: { usableShare: 0.75, systems: ['macos'] },
  phone: { usableShare: 0.5, systems: ['android'] },
  cpu: { usableShare: 0.8, systems: ['linux', 'windows'] },
  browser: { usableShare: 0.5, systems: ['browser'] },
  embedded: { usableShare: 0.7, systems: ['linux'] },
};

function device(kind: DeviceKind, row: Row): Device {
  return {
    name: row.name,
    kind,
    systems: row.systems ?? ofKind[kind].systems,
    memoryBytes: row.memory,
    usableShare: ofKind[kind].usableShare,
    memoryBytesPerSecond: row.bandwidth,
    flops16: row.flops16 ?? null,
    assumedFlops16: row.flops16 === undefined ? (row.assumedFlops16 ?? null) : null,
    flops8: row.flops8 ?? null,
    hasFp8: row.hasFp8 ?? false,
    powerWatts: row.watts ?? null,
    rentPerHour: row.rent ?? null,
    price: row.price ?? null,
    source: row.source,
    checkedOn: row.isChecked === true ? deviceTableDate : null,
  };
}

export const devices: readonly Device[] = [
  device('gpu', {
    ...{ name: 'H100 SXM', memory: 80 * GB, bandwidth: 3.35 * TB, flops16: 989 * T, flops8: 1979 * T },
    ...{ hasFp8: true, watts: 700, rent: 3, price: 35_000, isChecked: true },
    source: `NVIDIA H100 data sheet (dense is half of the sparse figure), as quoted by others; ${rents}`,
  }),
  device('gpu', {
    ...{ name: 'H200', memory: 141 * GB, bandwidth: 4.8 * TB, flops16: 989 * T, flops8: 1979 * T },
    ...{ hasFp8: true, watts: 700, rent: 4, price: 40_000, isChecked: true },
    source: `NVIDIA H200 data sheet (dense is half of the sparse figure), as quoted by openmetal.io and others; memory and watts also MLPerf v4.1; ${rents}`,
  }),
  device('gpu', {
    ...{ name: 'A100 80GB', memory: 80 * GB, bandwidth: 2.039 * TB, flops16: 312 * T, flops8: 624 * T },
    ...{ watts: 400, rent: 1.8, price: 18_000, isChecked: true },
    source: `NVIDIA A100 data sheet, as quoted by others; ${rents}`,
  }),
  device('gpu', {
    ...{ name: 'L4', memory: 24 * GB, bandwidth: 0.3 * TB, flops16: 121 * T, flops8: 242 * T },
    ...{ hasFp8: true, watts: 72, rent: 0.7, price: 4000, isChecked: true },
    source: `NVIDIA L4 data sheet (dense is half of the sparse figure: 242 and 485), as quoted by sourcecode.com; ${rents}`,
  }),
  device('gpu', {
    ...{ name: 'RTX 4090', memory: 24 * GB, bandwidth: 1.008 * TB, flops16: 165 * T, flops8: 330 * T },
    ...{ hasFp8: true, watts: 450, rent: 0.5, price: 3500, isChecked: true },
    source: `NVIDIA Ada architecture whitepaper, appendix A, as quoted by others; ${rents}`,
  }),
  device('gpu', {
    ...{ name: 'RTX 5090', memory: 32 * GB, bandwidth: 1.792 * TB, flops16: 210 * T, flops8: 419 * T },
    ...{ hasFp8: true, watts: 575, rent: 0.8, price: 4500, isChecked: true },
    source:
      'NVIDIA RTX Blackwell architecture whitepaper, as quoted by spheron.network (May 2026): 838 FP16 sparse with 16-bit sums ' +
      `is a quarter of it dense with 32-bit sums; ${rents}`,
  }),
  device('apple', {
    ...{
      name: 'Apple M4',
      memory: 16 * GB,
      bandwidth: 120 * GB,
      assumedFlops16: 4.3 * T,
      watts: 40,
      price: 900,
      isChecked: true,
    },
    source:
      'Apple newsroom, M4 (May 2024): bandwidth as quoted by fonearena.com and macrumors.com; FLOPS assumed',
  }),
  device('apple', {
    ...{ name: 'Apple M4 Max', memory: 64 * GB, bandwidth: 546 * GB, assumedFlops16: 17 * T, watts: 140 },
    ...{ price: 4000, isChecked: true },
    source: 'Apple newsroom, M4 Pro and M4 Max (October 2024), bandwidth as quoted by others',
  }),
  device('apple', {
    ...{ name: 'Apple M3 Ultra', memory: 256 * GB, bandwidth: 819 * GB, assumedFlops16: 28 * T, watts: 270 },
    ...{ price: 7500, isChecked: true },
    source:
      'Apple newsroom, M3 Ultra (March 2025), bandwidth as quoted by several projects on GitHub; FLOPS assumed',
  }),
  device('phone', {
    ...{
      name: 'Apple A19 Pro',
      memory: 12 * GB,
      bandwidth: 76.8 * GB,
      assumedFlops16: 5 * T,
      systems: ['ios'],
      isChecked: true,
    },
    source:
      "12 GB of LPDDR5X-9600 (Wikipedia, Apple A19; Apple states neither) on 64 bits, 75.8 by others' leaks; rickytakkar.com " +
      '(February 2026) has 70 tokens/s of 663 MB of 4-bit weights: 60% of it; FLOPS assumed',
  }),
  device('phone', {
    ...{ name: 'Snapdragon 8 Elite', memory: 16 * GB, bandwidth: 84.8 * GB, assumedFlops16: 6 * T },
    isChecked: true,
    source:
      'Qualcomm product brief: LPDDR5X at up to 5,300 MHz on 64 bits, as quoted by geektopia.es and telsat.az; phones with ' +
      '9600 MT/s have 76.8 GB/s (cputronic.com); FLOPS assumed',
  }),
  device('phone', {
    ...{ name: 'Mid-range phone', memory: 8 * GB, bandwidth: 25.6 * GB, assumedFlops16: 2 * T },
    isChecked: true,
    source:
      'stands for the Snapdragon 7s Gen 3: LPDDR5-6400 on two channels of 16 bits (io-tech.fi, August 2024); memory and FLOPS assumed',
  }),
  device('cpu', {
    ...{
      name: 'Desktop CPU',
      memory: 32 * GB,
      bandwidth: 70 * GB,
      assumedFlops16: 1.1 * T,
      watts: 120,
      price: 900,
      isChecked: true,
    },
    source:
      "two channels of DDR5-5600, as Intel's 14th generation has (ocinside.de): 89.6 GB/s, of which STREAM reads 74 to 79% (ti.com, of DDR4); " +
      'eight cores with AVX2 at 4.5 GHz, FLOPS and watts assumed',
  }),
  device('cpu', {
    ...{
      name: 'Laptop CPU',
      memory: 16 * GB,
      bandwidth: 50 * GB,
      assumedFlops16: 0.5 * T,
      watts: 30,
      price: 900,
    },
    source: 'six cores with AVX2 and two channels of LPDDR5, typical of 2024',
  }),
  device('browser', {
    ...{ name: 'Browser on a laptop', memory: 8 * GB, bandwidth: 60 * GB, assumedFlops16: 2 * T },
    source: "WebGPU on an integrated GPU: half of a laptop's 16 GB and its memory's bandwidth",
  }),
  device('browser', {
    ...{ name: 'Browser on a phone', memory: 4 * GB, bandwidth: 34 * GB, assumedFlops16: 1 * T },
    source: 'WebGPU on a phone: what a page is given before it is ended',
  }),
  device('embedded', {
    ...{
      name: 'Raspberry Pi 5',
      memory: 8 * GB,
      bandwidth: 17 * GB,
      assumedFlops16: 0.15 * T,
      watts: 12,
      price: 110,
      isChecked: true,
    },
    source:
      'LPDDR4X-4267 on 32 bits; four Cortex-A76 at 2.4 GHz, as quoted by circuitdigest.com; FLOPS assumed',
  }),
  device('embedded', {
    ...{
      name: 'Small IoT board',
      memory: 2 * GB,
      bandwidth: 8.4 * GB,
      assumedFlops16: 0.03 * T,
      watts: 5,
      price: 50,
      isChecked: true,
    },
    source:
      'stands for the Rockchip RK3566: four Cortex-A55 at 1.8 GHz, LPDDR4 at 1,056 MHz on 32 bits (iotdt.com, August 2025); FLOPS and watts assumed',
  }),
];

/** By its name in any case, spaces and dashes ignored; `null`: not in the table. */
export function findDevice(name: string): Device | null {
  const squash = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, '');
  return (
    devices.find((one) => squash(one.name) === squash(name)) ??
    devices.find((one) => squash(one.name).startsWith(squash(name))) ??
    null
  );
}

/** Where its figures are from, and whether anybody compared them. */
export function deviceEvidence({ source, checkedOn }: Device): string {
  return `${source} (${checkedOn === null ? 'from memory, check' : `compared on ${checkedOn}`})`;
}

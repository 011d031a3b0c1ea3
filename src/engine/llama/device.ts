import type { Bindings, Pointer } from './bindings.ts';
import { enums } from './structs.ts';

/** A processor that can hold layers. Sizes in bytes, as its driver reports them now. */
export interface Device {
  readonly name: string;
  readonly description: string;
  readonly isGpu: boolean;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly pointer: Pointer;
}

export function readDevices(bindings: Bindings): Device[] {
  const free = new BigUint64Array(1);
  const total = new BigUint64Array(1);
  const types = enums.ggml_backend_dev_type;
  return Array.from({ length: bindings.deviceCount() }, (_, index) => {
    const pointer = bindings.device(index);
    bindings.deviceMemory(pointer, free, total);
    const type = bindings.deviceType(pointer);
    return {
      name: bindings.deviceName(pointer),
      description: bindings.deviceDescription(pointer),
      isGpu: type === types.GGML_BACKEND_DEVICE_TYPE_GPU || type === types.GGML_BACKEND_DEVICE_TYPE_IGPU,
      freeBytes: Number(free[0]),
      totalBytes: Number(total[0]),
      pointer,
    };
  });
}

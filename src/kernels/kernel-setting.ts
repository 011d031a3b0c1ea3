/** Whose CPU kernels compute: see `chooseKernels`. */
export const kernelSettings = ['auto', 'shipped', 'built'] as const;
export type KernelSetting = (typeof kernelSettings)[number];

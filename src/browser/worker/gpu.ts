interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

/** Whether WebGPU has an adapter that is a GPU: one that is computed in software is slower than WebAssembly. */
export async function hasRealGpu(): Promise<boolean> {
  const adapter = await findAdapter();
  return adapter !== null && (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) !== true;
}

/** Any adapter of WebGPU's; null where there is none. */
export async function findAdapter(): Promise<Adapter | null> {
  const { gpu } = navigator as unknown as { readonly gpu?: { requestAdapter(): Promise<Adapter | null> } };
  try {
    return (await gpu?.requestAdapter()) ?? null;
  } catch {
    return null;
  }
}

import { NearfarError } from '../../chat/error.ts';
import type { LoadProgress } from '../backend.ts';
import type { Disk } from '../downloads/disk.ts';
import type { FileStore } from '../downloads/file-store.ts';
import { findModel, type PageModel } from '../downloads/page-model.ts';
import { tellProgress } from '../worker/load-progress.ts';
import type { TransformersConfig } from './config.ts';
import type { FeatureExtraction, TextGeneration, TransformersLibrary } from './library.ts';

/** What tests put in the place of the browser. */
export interface TransformersWorld {
  readonly library: () => Promise<TransformersLibrary>;
  readonly disk: () => Disk;
  readonly store: (disk: Disk) => FileStore;
  readonly hasGpu: () => Promise<boolean>;
}

/** A model that is in memory. */
export interface LoadedPipeline {
  readonly library: TransformersLibrary;
  readonly model: PageModel;
  readonly runner:
    | { readonly kind: 'chat'; readonly run: TextGeneration }
    | { readonly kind: 'embed'; readonly run: FeatureExtraction };
  readonly leave: () => void;
}

/** A host that is nobody's (RFC 2606): files have addresses for the library's sake. */
const filesHost = 'https://nearfar.invalid/';
const filesFolder = 'page/model';

/** @throws NearfarError `unavailable`, `aborted`, or those of the download */
export async function loadPipeline(
  config: TransformersConfig,
  world: TransformersWorld,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<LoadedPipeline> {
  const teller = tellProgress('transformers', onProgress);
  const disk = world.disk();
  const store = world.store(disk);
  const model = await findModel(config.source, disk, { keeps: true });
  await store.download(
    model.files,
    (...bytes) => {
      teller.downloaded(...bytes);
    },
    signal,
  );
  const wasm = { url: config.wasmUrl, bytes: null, sha256: null };
  await store.download([wasm], () => undefined, signal);
  let leave = (): void => undefined;
  store.use([...model.files, wasm], new Promise<void>((resolve) => (leave = resolve)));
  teller.loading();
  try {
    const library = await world.library();
    const [program, ...blobs] = await store.open([wasm, ...model.files]);
    const files = new Map(model.files.map(({ path }, index) => [path, blobs[index]]));
    const { env } = library;
    env.allowLocalModels = false;
    env.allowRemoteModels = true;
    env.useBrowserCache = false;
    env.useWasmCache = false;
    env.remoteHost = filesHost;
    env.remotePathTemplate = '{model}/';
    // Errors only: what it warns of is in what it throws.
    env.logLevel = 40;
    env.fetch = (url) => Promise.resolve(answer(url, files));
    const onnx = env.backends.onnx.wasm;
    if (onnx !== undefined && program !== undefined) {
      onnx.wasmBinary = await program.arrayBuffer();
      // By default the library fetches the program, and a script beside it, from a content network.
      onnx.wasmPaths = undefined;
      onnx.numThreads = threadsOf(config);
      // It is in a worker already.
      onnx.proxy = false;
    }
    const device =
      config.device === undefined || config.device === 'auto'
        ? (await world.hasGpu())
          ? 'webgpu'
          : 'wasm'
        : config.device;
    const options = { dtype: config.dtype ?? 'q8', device };
    const runner =
      config.task === 'chat'
        ? ({ kind: 'chat', run: await library.pipeline('text-generation', filesFolder, options) } as const)
        : ({
            kind: 'embed',
            run: await library.pipeline('feature-extraction', filesFolder, options),
          } as const);
    if (signal.aborted) {
      await runner.run.dispose();
      throw new NearfarError('aborted', 'It was aborted.');
    }
    teller.done();
    return { library, model, runner, leave };
  } catch (thrown) {
    leave();
    if (thrown instanceof NearfarError) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new NearfarError('unavailable', `${model.id} could not be loaded: ${message}`, { cause: thrown });
  }
}

function threadsOf({ threadCount }: TransformersConfig): number {
  if (!(globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated) return 1;
  const cores = (globalThis.navigator as Partial<Navigator>).hardwareConcurrency ?? 1;
  return threadCount ?? Math.max(1, Math.min(8, cores - 1));
}

/** Every address is a file of the model, or is nowhere. */
function answer(url: string | URL, files: ReadonlyMap<string, Blob | undefined>): Response {
  const prefix = `${filesHost}${filesFolder}/`;
  const address = String(url);
  const blob = address.startsWith(prefix)
    ? files.get(decodeURIComponent(address.slice(prefix.length)))
    : undefined;
  return blob === undefined
    ? new Response(null, { status: 404 })
    : new Response(blob, { headers: { 'content-length': String(blob.size) } });
}

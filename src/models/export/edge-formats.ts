import { coremlScript, executorchCheckpointScript, litertTidyScript } from './python-scripts.ts';

export const exportFormats = ['gguf', 'coreml', 'litert', 'executorch', 'onnx', 'mlc'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportPrecisions = ['fp32', 'fp16', 'int8', 'int4'] as const;
export type ExportPrecision = (typeof exportPrecisions)[number];

export const exportTargets = ['cpu', 'webgpu', 'cuda'] as const;
export type ExportTarget = (typeof exportTargets)[number];

/** What a conversion is given. */
export interface ExportJob {
  /** The Hugging Face folder. */
  readonly source: string;
  /** An empty folder: what is produced lies here. */
  readonly output: string;
  /** For what the tool wants to keep meanwhile. */
  readonly scratch: string;
  readonly python: string;
  /** A script that is on no package index; `null`: by its own name. */
  readonly toolPath: string | null;
  readonly precision: ExportPrecision;
  readonly target: ExportTarget;
  /** Most tokens of prompt and answer, where a format fixes them. */
  readonly contextTokenCount: number;
}

/** One program that is run. */
export interface ExportStep {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** A format for devices, and the tool that its own makers keep for it. */
export interface EdgeFormat {
  readonly name: ExportFormat;
  readonly title: string;
  readonly runsOn: string;
  readonly needs: string;
  readonly tool: string;
  /** Pinned, for pip; empty where the tool is on no package index. */
  readonly packages: readonly string[];
  /** Versions of Python that the packages are made for. */
  readonly python: string;
  /** Modules whose presence says that the tool is installed. */
  readonly modules: readonly string[];
  /** Precisions that its tool writes, the usual one first. */
  readonly precisions: readonly ExportPrecision[];
  readonly targets: readonly ExportTarget[];
  /** How it gets here where pip does not bring it. */
  readonly installNote: string | null;
  readonly steps: (job: ExportJob) => readonly ExportStep[];
  /** What is inspected: matches one file (or package folder) of the output. */
  readonly product: RegExp;
  /** What `nearfar export` has been seen to do with it. */
  readonly tried: string;
}

const toolsRead = 'the model as a Hugging Face folder (written here of GGUF files of Llama and Qwen2)';
// Read by pip as exact; torch comes as the CUDA build where the index has no other, some GB.
const torch = 'torch==2.15.0';
const transformers = 'transformers==5.24.0';

export const edgeFormats: readonly EdgeFormat[] = [
  {
    name: 'gguf',
    title: 'GGUF',
    runsOn: 'llama.cpp, Ollama, LM Studio and nearfar: CPUs, CUDA, Metal, Vulkan; browsers with wllama',
    needs: 'nothing to run beside the engine; a GGUF comes of another one by `nearfar quantize`',
    tool: 'convert_hf_to_gguf.py of llama.cpp',
    packages: ['gguf==0.19.0', torch, transformers, 'sentencepiece==0.2.3'],
    python: '3.10 to 3.13',
    modules: ['gguf', 'torch', 'transformers'],
    precisions: ['fp16', 'fp32', 'int8'],
    targets: ['cpu'],
    installNote:
      'The script is in the repository of llama.cpp (github.com/ggml-org/llama.cpp), not on the package index: --tool names its path.',
    steps: ({ source, output, python, toolPath, precision }) => [
      {
        title: 'converting',
        program: python,
        args: [
          toolPath ?? 'convert_hf_to_gguf.py',
          ...['--outfile', `${output}/model.gguf`, '--outtype'],
          { fp32: 'f32', fp16: 'f16', int8: 'q8_0', int4: 'f16' }[precision],
          source,
        ],
      },
    ],
    product: /\.gguf$/,
    tried: 'not run',
  },
  {
    name: 'onnx',
    title: 'ONNX',
    runsOn:
      'ONNX Runtime: CPUs, CUDA, DirectML, CoreML and QNN providers, browsers with WebGPU or WASM (Transformers.js, onnxruntime-web)',
    needs: toolsRead,
    tool: "ONNX Runtime GenAI's model builder",
    packages: [
      'onnxruntime-genai==0.18.0',
      'onnx-ir==1.1.0',
      'onnxruntime==1.32.0',
      'onnx==1.23.2',
      torch,
      transformers,
    ],
    python: '3.11 to 3.14',
    modules: ['onnxruntime_genai', 'onnx_ir', 'torch', 'transformers'],
    precisions: ['fp32', 'fp16', 'int8', 'int4'],
    targets: ['cpu', 'webgpu', 'cuda'],
    installNote: null,
    steps: ({ source, output, scratch, python, precision, target }) => [
      {
        title: 'building the graph',
        program: python,
        args: [
          ...['-m', 'onnxruntime_genai.models.builder', '-i', source, '-o', output],
          ...['-p', precision, '-e', target, '-c', scratch],
        ],
      },
    ],
    product: /(^|\/)model\.onnx$/,
    tried: 'npm run test:export, SmolLM2 in fp32 on a CPU',
  },
  {
    name: 'executorch',
    title: 'ExecuTorch',
    runsOn:
      'Android, iOS and Linux devices by the ExecuTorch runtime; here with XNNPACK for CPUs (delegates for Core ML, Qualcomm, Vulkan and others exist)',
    needs: `${toolsRead}; its own graph of Llama-like models`,
    tool: "ExecuTorch's export_llm",
    packages: ['executorch==1.5.1', torch, 'safetensors==0.8.0'],
    python: '3.10 to 3.14',
    modules: ['executorch', 'torch', 'safetensors'],
    precisions: ['fp32', 'int4'],
    targets: ['cpu'],
    installNote: null,
    steps: ({ source, output, scratch, python, precision, contextTokenCount }) => [
      {
        title: 'checkpoint',
        program: python,
        args: ['-c', executorchCheckpointScript, source, scratch],
      },
      {
        title: 'exporting',
        program: python,
        args: [
          ...['-m', 'executorch.extension.llm.export.export_llm', 'base.model_class=llama3'],
          ...[`base.checkpoint=${scratch}/checkpoint.pth`, `base.params=${scratch}/params.json`],
          ...['model.use_kv_cache=True', 'model.use_sdpa_with_kv_cache=True', 'model.dtype_override=fp32'],
          ...['backend.xnnpack.enabled=True', 'backend.xnnpack.extended_ops=True'],
          ...(precision === 'int4' ? ['quantization.qmode=8da4w', 'quantization.group_size=32'] : []),
          ...[`export.max_seq_length=${contextTokenCount}`, `export.max_context_length=${contextTokenCount}`],
          ...[`export.output_dir=${output}`, `export.output_name=${output}/model.pte`],
        ],
      },
    ],
    product: /\.pte$/,
    tried: 'npm run test:export, SmolLM2 in fp32 with XNNPACK on a CPU',
  },
  {
    name: 'coreml',
    title: 'Core ML',
    runsOn: 'iOS 18, macOS 15 and later: CPU, GPU and Neural Engine',
    needs: `${toolsRead}; a Mac to run or to check the numbers of what is produced`,
    tool: 'coremltools (Apple)',
    // coremltools 9.0 makes scalars of arrays in a way that numpy 2.4 no longer has.
    packages: ['coremltools==9.0', torch, transformers, 'numpy==2.2.6'],
    python: '3.10 to 3.13',
    modules: ['coremltools', 'torch', 'transformers'],
    precisions: ['fp16', 'fp32'],
    targets: ['cpu'],
    installNote: null,
    steps: ({ source, output, python, precision, contextTokenCount }) => [
      {
        title: 'tracing and converting',
        program: python,
        args: ['-c', coremlScript, source, `${output}/model.mlpackage`, String(contextTokenCount), precision],
      },
    ],
    product: /\.mlpackage$/,
    tried: 'npm run test:export, SmolLM2 in fp16 converted and read back on Linux; never run on a Mac',
  },
  {
    name: 'litert',
    title: 'LiteRT (TFLite)',
    runsOn: 'Android (CPU, GPU, NPU), iOS, embedded Linux, browsers by LiteRT.js',
    needs: toolsRead,
    tool: 'litert-torch export_hf (Google)',
    // It imports tensorflow, which it does not ask pip for.
    packages: ['litert-torch==0.10.0', 'tensorflow==2.21.0'],
    python: '3.10 to 3.13',
    modules: ['litert_torch', 'tensorflow', 'torch', 'transformers'],
    precisions: ['fp32', 'int8', 'int4'],
    targets: ['cpu'],
    installNote: null,
    steps: ({ source, output, python, precision, contextTokenCount }) => [
      {
        title: 'converting',
        program: python,
        args: [
          ...['-m', 'litert_torch.cli', 'export_hf', `--model=${source}`, `--output_dir=${output}`],
          ...[`--cache_length=${contextTokenCount}`, '--bundle_litert_lm=False'],
          // Without one it is int8.
          `--quantization_recipe=${precision === 'fp32' ? 'none' : precision === 'int8' ? 'dynamic_wi8_afp32' : 'dynamic_wi4_afp32'}`,
        ],
      },
      { title: 'tidying', program: python, args: ['-c', litertTidyScript, output] },
    ],
    product: /\.tflite$/,
    tried: 'npm run test:export, SmolLM2 in fp32 on a CPU',
  },
  {
    name: 'mlc',
    title: 'WebGPU (MLC)',
    runsOn: 'browsers with WebGPU by WebLLM; with other targets also phones, Vulkan, Metal, CUDA',
    needs: `${toolsRead}; Emscripten for the browser's library`,
    tool: 'mlc_llm (MLC LLM)',
    packages: [],
    python: '3.11 to 3.13',
    modules: ['mlc_llm'],
    precisions: ['int4', 'fp16'],
    targets: ['webgpu', 'cpu', 'cuda'],
    installNote:
      'Its packages are on its makers\' own index: see "Install MLC LLM Python Package" in the documentation of MLC LLM (llm.mlc.ai). ' +
      'Those of that name on the Python registry are empty.',
    steps: ({ source, output, python, precision, target }) => {
      const quantization = precision === 'int4' ? 'q4f16_1' : 'q0f16';
      const mlc = (title: string, ...args: readonly string[]): ExportStep => ({
        ...{ title, program: python, args: ['-m', 'mlc_llm', ...args] },
      });
      return [
        mlc('weights', 'convert_weight', source, '--quantization', quantization, '-o', output),
        mlc(
          'settings',
          ...[
            'gen_config',
            source,
            '--quantization',
            quantization,
            '--conv-template',
            'chatml',
            '-o',
            output,
          ],
        ),
        mlc(
          'library',
          ...['compile', `${output}/mlc-chat-config.json`, '--device', target === 'cpu' ? 'vulkan' : target],
          ...['-o', `${output}/model-${target}.${target === 'webgpu' ? 'wasm' : 'so'}`],
        ),
      ];
    },
    product: /mlc-chat-config\.json$/,
    tried: 'not run',
  },
];

export function edgeFormat(name: ExportFormat): EdgeFormat {
  const found = edgeFormats.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`There is no format ${name}.`);
  return found;
}

/** How a tool is installed into a folder of its own. Pure. */
export function installCommands(format: EdgeFormat, folder: string): readonly string[] {
  return [
    ...(format.packages.length === 0
      ? []
      : [`python3 -m venv ${folder}`, `${folder}/bin/pip install ${format.packages.join(' ')}`]),
    ...(format.installNote === null ? [] : [format.installNote]),
  ];
}

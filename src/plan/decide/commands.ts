import type { EngineName } from '../catalogue/engines.ts';
import { cacheTokens, longestTokens } from './cache-room.ts';
import type { NearPart } from './near-part.ts';
import type { PlanQuestion } from './question.ts';
import { isInHand, keyVariable, nearId, servedName } from './settings.ts';
import type { SetUp } from './set-up.ts';

/** What is to be typed, in order; `#` begins a remark. */
export function commandsFor(question: PlanQuestion, setUp: SetUp, settingsFile: string): readonly string[] {
  const { near } = setUp;
  const key = keyVariable(setUp);
  const isOwn = near?.engine.name === 'nearfar';
  const isHand = near !== null && isInHand(near);
  const isServed = isOwn || setUp.far !== null || (near !== null && near.engine.preset !== null && !isHand);
  return [
    ...(near === null ? [] : engineCommands[near.engine.name](near, question)),
    ...(key === null ? [] : [`export ${key}=...`]),
    ...(isServed
      ? [`nearfar serve --config ${settingsFile}`]
      : ['# No gateway is needed: it answers where it is asked.']),
    ...(isHand && setUp.far !== null
      ? [
          '# What the device does not answer it asks of this gateway: nearfar/browser in pages, nearfar/native in apps.',
        ]
      : []),
    ...(setUp.far?.isBatch === true
      ? [
          '# nearfar sends no batches to providers yet: hand them in by the provider’s own tool, or pay the full price.',
        ]
      : []),
  ];
}

const longest = ({ traffic }: PlanQuestion, { model }: NearPart): number => longestTokens(traffic, model);

/** Names of quantization as the servers take them; absent: by the weights' own repository. */
const serverFormats: Readonly<Record<string, string>> = { FP8: 'fp8', NF4: 'bitsandbytes' };

/** A repository that already holds the format, where the engine does not make it while loading. */
function repositoryNote({ format, model }: NearPart): readonly string[] {
  return format.name === 'AWQ' || format.name === 'INT8-W8A8'
    ? [
        `# Needs ${format.name} weights: a repository of ${model.name} that has them, or make them with llm-compressor.`,
      ]
    : [];
}

const engineCommands: Readonly<
  Record<EngineName, (near: NearPart, question: PlanQuestion) => readonly string[]>
> = {
  nearfar: (near) => {
    const { model, format } = near;
    if (model.nearfar === null)
      return [`nearfar pull hf:${model.gguf ?? model.hub}`, `# choose the file in ${format.name}`];
    return format.name === 'Q4_K_M'
      ? [`nearfar pull ${nearId(near)}`]
      : [`nearfar pull ${nearId(near)}  # or: nearfar quantize --to ${format.name} ${model.nearfar}`];
  },
  Ollama: (near, question) => [
    `ollama pull ${servedName(near)}`,
    `OLLAMA_NUM_PARALLEL=${near.batchSize} OLLAMA_CONTEXT_LENGTH=${longest(question, near)} OLLAMA_FLASH_ATTENTION=1 ollama serve`,
  ],
  'llama.cpp': (near, question) =>
    isInHand(near)
      ? [
          'npm install llama.rn',
          `# in the app: the file of ${near.model.gguf ?? near.model.hub} in ${near.format.name}`,
        ]
      : [
          `llama-server -hf ${near.model.gguf ?? near.model.hub}:${near.format.name} -c ${cacheTokens(question.traffic, near.model, near.batchSize)} ` +
            // Without it each of them has but its share of the cells.
            `-np ${near.batchSize} --kv-unified${['cpu', 'embedded'].includes(near.offer.device.kind) ? '' : ' -ngl 99'}`,
        ],
  vLLM: (near, question) => [
    ...repositoryNote(near),
    `vllm serve ${near.model.hub} --max-model-len ${longest(question, near)} --max-num-seqs ${near.batchSize}` +
      (near.splitCount > 1 ? ` --tensor-parallel-size ${near.splitCount}` : '') +
      `${serverFormats[near.format.name] === undefined ? '' : ` --quantization ${serverFormats[near.format.name] ?? ''}`} ` +
      '--enable-prefix-caching',
  ],
  SGLang: (near, question) => [
    ...repositoryNote(near),
    `python -m sglang.launch_server --model-path ${near.model.hub} --context-length ${longest(question, near)} ` +
      `--max-running-requests ${near.batchSize}${near.splitCount > 1 ? ` --tp ${near.splitCount}` : ''}` +
      (near.format.name === 'FP8' ? ' --quantization fp8' : ''),
  ],
  'TensorRT-LLM': (near, question) => [
    ...(near.format.name === 'F16'
      ? []
      : [
          `# Needs a checkpoint in ${near.format.name}: NVIDIA publishes some, TensorRT Model Optimizer makes others.`,
        ]),
    `trtllm-serve ${near.model.hub} --max_batch_size ${near.batchSize} --max_seq_len ${longest(question, near)}` +
      (near.splitCount > 1 ? ` --tp_size ${near.splitCount}` : ''),
  ],
  TGI: (near, question) => [
    `text-generation-launcher --port 8080 --model-id ${near.model.hub} --max-total-tokens ${longest(question, near)} ` +
      `--max-concurrent-requests ${near.batchSize}` +
      (near.format.name === 'FP8'
        ? ' --quantize fp8'
        : near.format.name === 'NF4'
          ? ' --quantize bitsandbytes-nf4'
          : ''),
  ],
  WebLLM: ({ model }) => [
    'npm install @mlc-ai/web-llm',
    model.webllm === null
      ? `# ${model.name} is not in WebLLM's list: compile it with mlc_llm first`
      : `# in the page: const engine = await CreateMLCEngine(${JSON.stringify(model.webllm)})`,
  ],
  'Transformers.js': ({ model, format }) => [
    'npm install @huggingface/transformers',
    model.onnx === null
      ? `# no ONNX files of ${model.name} are known here: optimum-cli export onnx --model ${model.hub} out/`
      : `# in the page: await pipeline('text-generation', ${JSON.stringify(model.onnx)}, { dtype: ${JSON.stringify(
          format.name === 'F16' ? 'fp16' : format.name === 'ONNX-q8' ? 'q8' : 'q4',
        )}, device: 'webgpu' })`,
  ],
  'Core ML': (near, question) => exported(near, question, 'coreml'),
  LiteRT: (near, question) => exported(near, question, 'litert'),
  ExecuTorch: (near, question) => exported(near, question, 'executorch'),
  'ONNX Runtime': (near, question) => exported(near, question, 'onnx'),
};

/** Fetched as its makers publish it, and converted by the format's own tool, which `nearfar export` runs. */
function exported(near: NearPart, question: PlanQuestion, to: string): readonly string[] {
  const { model, format } = near;
  const precision = format.kind === 'FP16' ? 'fp16' : format.kind === 'INT8' ? 'int8' : 'int4';
  return [
    `hf download ${model.hub} --local-dir model`,
    `nearfar export --to ${to} --precision ${precision} --context ${longest(question, near)} model`,
  ];
}

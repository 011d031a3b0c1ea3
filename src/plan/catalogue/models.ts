import { findModelShape, type ModelShape } from '../calculate/model-shape.ts';
import { checked, fromMemory, type Evidence } from './evidence.ts';
import type { SkillScores } from './tasks.ts';

/** A model that may be chosen: its shape, what it can do, and what it is called where. */
export interface PlanModel {
  readonly name: string;
  readonly shape: ModelShape;
  /** Of the unquantized model, as published. */
  readonly scores: SkillScores;
  readonly evidence: Evidence;
  /** The repository of its weights on the Hugging Face hub. */
  readonly hub: string;
  /** Its id in nearfar's catalogue of GGUF files; `null`: it is not there. */
  readonly nearfar: string | null;
  /** A repository of GGUF files; `null`: none is known here. */
  readonly gguf: string | null;
  readonly ollama: string | null;
  /** Its id in WebLLM's list; `null`: it must be compiled by oneself. */
  readonly webllm: string | null;
  /** A repository of ONNX files for Transformers.js. */
  readonly onnx: string | null;
}

const scores = (
  knowledge: number | null,
  instructions: number | null,
  code: number | null,
  reasoning: number | null,
  languages: number | null,
): SkillScores => ({ knowledge, instructions, code, reasoning, languages });

const phiCard = 'the table of the Phi-4 model card';
const llamaCard = checked('Llama 3.1 and 3.2 model cards, meta-llama/llama-models on GitHub');
const qwenBlog = checked(
  "Qwen2.5's announcement, QwenLM/qwenlm.github.io: MMLU-redux, IFEval strict, HumanEval, MATH",
);

const metasTable = "the comparison in Meta's announcement of Llama 3.1, other settings than its maker's";

type Names = Omit<PlanModel, 'name' | 'shape' | 'scores' | 'evidence'>;
const none = { nearfar: null, gguf: null, ollama: null, webllm: null, onnx: null };

function model(name: string, given: SkillScores, evidence: Evidence, names: Names): PlanModel {
  const shape = findModelShape(name);
  if (shape === null) throw new RangeError(`There is no shape of ${name}.`);
  return { name: shape.name, shape, scores: given, evidence, ...names };
}

/** By size. Scores are the makers', of instructed models, by settings that differ: good for ordering, no more. */
export const planModels: readonly PlanModel[] = [
  model(
    'SmolLM2 135M',
    scores(25, 29.9, null, null, null),
    checked('its model card: IFEval; MMLU as pieces of text is 29.3 there, as letters chance is 25'),
    {
      hub: 'HuggingFaceTB/SmolLM2-135M-Instruct',
      nearfar: 'smollm2-135m-instruct',
      gguf: 'bartowski/SmolLM2-135M-Instruct-GGUF',
      ollama: 'smollm2:135m',
      webllm: 'SmolLM2-135M-Instruct-q0f16-MLC',
      onnx: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    },
  ),
  model('Qwen2.5 0.5B', scores(24.1, 27.9, 35.4, 34.4, null), qwenBlog, {
    hub: 'Qwen/Qwen2.5-0.5B-Instruct',
    nearfar: 'qwen2.5-0.5b-instruct',
    gguf: 'Qwen/Qwen2.5-0.5B-Instruct-GGUF',
    ollama: 'qwen2.5:0.5b',
    webllm: 'Qwen2.5-0.5B-Instruct-q4f16_1-MLC',
    onnx: 'onnx-community/Qwen2.5-0.5B-Instruct',
  }),
  model(
    'TinyLlama 1.1B',
    scores(26, null, 4.9, null, null),
    checked(
      'MMLU 26.04 of the last checkpoint on the Open LLM Leaderboard, as its card has it; HumanEval of an early one, jzhang38/TinyLlama, EVAL.md',
    ),
    {
      hub: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
      nearfar: 'tinyllama-1.1b-chat',
      gguf: 'TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF',
      ollama: 'tinyllama',
      webllm: 'TinyLlama-1.1B-Chat-v1.0-q4f16_1-MLC',
      onnx: 'Xenova/TinyLlama-1.1B-Chat-v1.0',
    },
  ),
  model('Llama 3.2 1B', scores(49.3, 59.5, null, 30.6, 24.5), llamaCard, {
    hub: 'meta-llama/Llama-3.2-1B-Instruct',
    nearfar: 'llama-3.2-1b-instruct',
    gguf: 'bartowski/Llama-3.2-1B-Instruct-GGUF',
    ollama: 'llama3.2:1b',
    webllm: 'Llama-3.2-1B-Instruct-q4f16_1-MLC',
    onnx: 'onnx-community/Llama-3.2-1B-Instruct',
  }),
  model('Qwen2.5 1.5B', scores(50.7, 42.5, 61.6, 55.2, null), qwenBlog, {
    hub: 'Qwen/Qwen2.5-1.5B-Instruct',
    nearfar: 'qwen2.5-1.5b-instruct',
    gguf: 'Qwen/Qwen2.5-1.5B-Instruct-GGUF',
    ollama: 'qwen2.5:1.5b',
    webllm: 'Qwen2.5-1.5B-Instruct-q4f16_1-MLC',
    onnx: 'onnx-community/Qwen2.5-1.5B-Instruct',
  }),
  model('Qwen2.5 3B', scores(64.4, 58.2, 74.4, 65.9, null), qwenBlog, {
    hub: 'Qwen/Qwen2.5-3B-Instruct',
    nearfar: 'qwen2.5-3b-instruct',
    gguf: 'Qwen/Qwen2.5-3B-Instruct-GGUF',
    ollama: 'qwen2.5:3b',
    webllm: 'Qwen2.5-3B-Instruct-q4f16_1-MLC',
    onnx: null,
  }),
  model('Llama 3.2 3B', scores(63.4, 77.4, null, 47.3, 58.2), llamaCard, {
    hub: 'meta-llama/Llama-3.2-3B-Instruct',
    nearfar: 'llama-3.2-3b-instruct',
    gguf: 'bartowski/Llama-3.2-3B-Instruct-GGUF',
    ollama: 'llama3.2:3b',
    webllm: 'Llama-3.2-3B-Instruct-q4f16_1-MLC',
    onnx: 'onnx-community/Llama-3.2-3B-Instruct',
  }),
  model(
    'Mistral 7B',
    scores(60.5, 57.6, 40.2, 13, 29.9),
    fromMemory(
      `${metasTable}; others measured MMLU 62.1 and MATH 13.0 (docs.rubra.ai, June 2024) and IFEval 56.9 (Krisseck on Hugging Face)`,
    ),
    {
      hub: 'mistralai/Mistral-7B-Instruct-v0.3',
      nearfar: 'mistral-7b-instruct-v0.3',
      gguf: 'bartowski/Mistral-7B-Instruct-v0.3-GGUF',
      ollama: 'mistral:7b',
      webllm: 'Mistral-7B-Instruct-v0.3-q4f16_1-MLC',
      onnx: null,
    },
  ),
  model('Qwen2.5 7B', scores(75.4, 71.2, 84.8, 75.5, null), qwenBlog, {
    hub: 'Qwen/Qwen2.5-7B-Instruct',
    nearfar: 'qwen2.5-7b-instruct',
    gguf: 'bartowski/Qwen2.5-7B-Instruct-GGUF',
    ollama: 'qwen2.5:7b',
    webllm: 'Qwen2.5-7B-Instruct-q4f16_1-MLC',
    onnx: null,
  }),
  model('Llama 3.1 8B', scores(73, 80.4, 72.6, 51.9, 68.9), llamaCard, {
    ...none,
    hub: 'meta-llama/Llama-3.1-8B-Instruct',
    gguf: 'bartowski/Meta-Llama-3.1-8B-Instruct-GGUF',
    ollama: 'llama3.1:8b',
    webllm: 'Llama-3.1-8B-Instruct-q4f16_1-MLC',
  }),
  model(
    'Gemma 2 9B',
    scores(72.3, 73.6, 54.3, 44.3, 53.2),
    fromMemory(`${metasTable}; Qwen2.5's announcement has 72.8, 70.1, 68.9 and 44.3`),
    {
      hub: 'google/gemma-2-9b-it',
      nearfar: 'gemma-2-9b-it',
      gguf: 'bartowski/gemma-2-9b-it-GGUF',
      ollama: 'gemma2:9b',
      webllm: 'gemma-2-9b-it-q4f16_1-MLC',
      onnx: null,
    },
  ),
  model('Phi-4 14B', scores(84.8, 63, 82.6, 80.4, 80.6), checked(phiCard), {
    ...none,
    hub: 'microsoft/phi-4',
    nearfar: 'phi-4',
    gguf: 'bartowski/phi-4-GGUF',
    ollama: 'phi4',
  }),
  model('Qwen2.5 14B', scores(79.9, 81, 72.1, 75.6, 79.6), checked(phiCard), {
    ...none,
    hub: 'Qwen/Qwen2.5-14B-Instruct',
    nearfar: 'qwen2.5-14b-instruct',
    gguf: 'bartowski/Qwen2.5-14B-Instruct-GGUF',
    ollama: 'qwen2.5:14b',
  }),
  model(
    'Llama 3.1 70B',
    scores(86.3, 92.1, 88.4, 77, 89.1),
    checked(`Llama 3.3 70B, ${phiCard} and Meta's figures there`),
    {
      ...none,
      hub: 'meta-llama/Llama-3.3-70B-Instruct',
      gguf: 'bartowski/Llama-3.3-70B-Instruct-GGUF',
      ollama: 'llama3.3:70b',
    },
  ),
  model('Qwen2.5 72B', scores(85.3, 84.1, 80.4, 80, 87.3), checked(phiCard), {
    ...none,
    hub: 'Qwen/Qwen2.5-72B-Instruct',
    gguf: 'bartowski/Qwen2.5-72B-Instruct-GGUF',
    ollama: 'qwen2.5:72b',
  }),
  model(
    'DeepSeek-V3',
    scores(88.5, 86.1, 82.6, 90.2, null),
    checked('its README, deepseek-ai/DeepSeek-V3 on GitHub'),
    {
      ...none,
      hub: 'deepseek-ai/DeepSeek-V3',
      ollama: 'deepseek-v3',
    },
  ),
];

/** By its name or an alias of its shape, the id of nearfar's catalogue, or its repository; `null`: not known. */
export function findPlanModel(name: string): PlanModel | null {
  const shape = findModelShape(name);
  return planModels.find((one) => one.shape === shape || one.nearfar === name || one.hub === name) ?? null;
}

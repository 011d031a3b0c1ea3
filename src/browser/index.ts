/** `import { createNear } from 'nearfar/browser'`. */
export { createNear } from './create-near.ts';
export { builtIn } from './built-in/source.ts';
export { gateway } from './gateway/source.ts';
export { wllama } from './wllama/source.ts';
export { transformers } from './transformers/source.ts';
export { webLlm } from './webllm/source.ts';
export { pageEnvironment } from './page-environment.ts';
export { NearfarError, type ErrorKind } from '../chat/error.ts';
export type { BuiltInOptions } from './built-in/backend.ts';
export type { WllamaOptions } from './wllama/config.ts';
export type { TransformersOptions } from './transformers/config.ts';
export type { WebLlmOptions } from './webllm/config.ts';
export type { ModelSource } from './downloads/page-model.ts';
export type {
  Availability,
  Backend,
  BackendAbilities,
  BackendSource,
  LoadProgress,
  PageRequest,
} from './backend.ts';
export type { ChatBody, ChatMessage, ContentBody, ResponseFormat, ToolBody } from './chat-body.ts';
export type { DeviceFacts, Environment, EnvironmentFacts, MeasuredSpeed } from './environment.ts';
export type * from './near.ts';
export type * from './openai-facade.ts';
export type { OpenAiError } from './openai-error.ts';
export type { ChatPart, FinishReason, Timings, Usage } from '../chat/part.ts';
export type { ChatRequest, Message } from '../chat/request.ts';

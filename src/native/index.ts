/** `import { createNear, foundationModels } from 'nearfar/native'`, in apps of React Native. */
export { createNear, type NativeNearOptions } from './create-native-near.ts';
export { nativeEnvironment, type NativeDevice } from './native-environment.ts';
export { nativeBackend } from './native-backend.ts';
export type { NativeEnd, NativeModel, NativePiece } from './native-model.ts';
export { foundationModels, type FoundationModelsOptions } from './apple/foundation-models.ts';
export type {
  AppleEmbeddingsModule,
  ApplePackage,
  FoundationModelsModule,
} from './apple/foundation-models-module.ts';
export { geminiNano, type GeminiNanoOptions } from './gemini-nano/gemini-nano.ts';
export type { ExpoAiKit } from './gemini-nano/expo-ai-kit-module.ts';
export { llamaRn, type LlamaRnOptions } from './llama-rn/llama-rn.ts';
export type { LlamaFile } from './llama-rn/llama-file.ts';
export type { LlamaRn } from './llama-rn/llama-rn-module.ts';
export { NearfarError, type ErrorKind } from '../chat/error.ts';
export type {
  Availability,
  Backend,
  BackendAbilities,
  BackendSource,
  LoadProgress,
} from '../browser/backend.ts';
export type { ChatBody, ChatMessage } from '../browser/chat-body.ts';
export type { DeviceFacts, Environment, EnvironmentFacts } from '../browser/environment.ts';
export type * from '../browser/near.ts';
export type { ChatPart, FinishReason, Timings, Usage } from '../chat/part.ts';

/** What a program that embeds nearfar may use: `import { composeGateway, loadSettings } from 'nearfar'`. */
export { composeGateway, type Gateway } from './cli/compose.ts';
export { loadSettings, type LoadedSettings, type LoadInput } from './config/load.ts';
export type { ChatModel, ModelFacts } from './chat/model.ts';
export type { ChatPart, FinishReason, Usage } from './chat/part.ts';
export type { ChatRequest, Message } from './chat/request.ts';

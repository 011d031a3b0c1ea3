/** `import { useNear } from 'nearfar/react'`. */
export { useNear, type UseNear } from './use-near.ts';
export { downloadsIn } from '../browser/conversation/conversation.ts';
export type {
  ConversationMessage,
  ConversationOptions,
  ConversationState,
} from '../browser/conversation/conversation.ts';
export { byteText, downloadSentence, progressSentence, routeSentence } from '../browser/conversation/said.ts';

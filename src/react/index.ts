/** `import { useNear } from 'nearfar/react'`. */
export { useNear, type UseNear } from './use-near.ts';
export {
  downloadsIn,
  type ConversationMessage,
  type ConversationOptions,
  type ConversationState,
} from '../browser/conversation/conversation-state.ts';
export { byteText, downloadSentence, progressSentence, routeSentence } from '../browser/conversation/said.ts';

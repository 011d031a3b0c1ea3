/** `import 'nearfar/element'` registers `<nearfar-chat>`. */
import { defineNearfarChat, NearfarChat } from './chat-element.ts';

defineNearfarChat();

export { defineNearfarChat, NearfarChat };
export type { AnswerDetail } from './chat-element.ts';
export { englishLabels, type ChatLabels } from './labels.ts';
export { createConversation, type Conversation } from '../browser/conversation/conversation.ts';
export {
  downloadsIn,
  type ConversationMessage,
  type ConversationOptions,
  type ConversationState,
} from '../browser/conversation/conversation-state.ts';
export { byteText, downloadSentence, progressSentence, routeSentence } from '../browser/conversation/said.ts';

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ConversationOptions, ConversationState } from '../browser/conversation/conversation-state.ts';
import { createConversation, type Conversation } from '../browser/conversation/conversation.ts';
import type { Near } from '../browser/near.ts';

/** What the hook gives: the state of the conversation, and what can be done with it. All functions stay the same. */
export interface UseNear
  extends ConversationState, Pick<Conversation, 'send' | 'stop' | 'retry' | 'prepare' | 'clear'> {
  /** An answer or a download is going on. */
  readonly isBusy: boolean;
}

/**
 * A chat with a client of nearfar. Renders the same on a server; nothing is asked before it is mounted, and nothing is set after
 * it is not.
 * @param near a client; or what makes one, which is called once when the component is mounted, and whose client is disposed of
 *   when it is not; null: there is none yet
 * @param options read when the component is first rendered
 */
export function useNear(near: Near | (() => Near) | null, options: ConversationOptions = {}): UseNear {
  const [conversation] = useState(() => createConversation(options));
  const [make] = useState(() => (typeof near === 'function' ? near : null));
  const given = typeof near === 'function' ? null : near;
  const state = useSyncExternalStore(
    conversation.subscribe,
    conversation.getState,
    // Of the first render: what a server sends must be what the page begins with.
    conversation.getState,
  );

  useEffect(() => {
    const own = make === null ? null : make();
    const client = own ?? given;
    if (client === null) return undefined;
    const disconnect = conversation.connect(client);
    return () => {
      disconnect();
      void own?.dispose();
    };
  }, [conversation, make, given]);

  const { send, stop, retry, prepare, clear } = conversation;
  return { ...state, isBusy: state.phase !== 'idle', send, stop, retry, prepare, clear };
}

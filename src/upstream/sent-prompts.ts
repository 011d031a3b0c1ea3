/** Prompts that left for an upstream, which bills them whatever becomes of the answer. */
export interface SentPrompts {
  /** The request is on its way to the model's server. */
  add(requestId: string, modelId: string): void;
  /** The server refused it: nothing was read. */
  refuse(requestId: string, modelId: string): void;
  /** The models that were sent it, each as often as it was; forgets them. */
  take(requestId: string): readonly string[];
}

/** Requests that nobody asks about again, e.g. of a try that came after its request's end. */
const keptCount = 10_000;

export function createSentPrompts(): SentPrompts {
  const sent = new Map<string, string[]>();
  return {
    add(requestId, modelId) {
      const known = sent.get(requestId);
      if (known !== undefined) {
        known.push(modelId);
        return;
      }
      sent.set(requestId, [modelId]);
      if (sent.size <= keptCount) return;
      for (const oldest of sent.keys()) {
        sent.delete(oldest);
        break;
      }
    },
    refuse(requestId, modelId) {
      const known = sent.get(requestId);
      const at = known?.lastIndexOf(modelId) ?? -1;
      if (at >= 0) known?.splice(at, 1);
    },
    take(requestId) {
      const models = sent.get(requestId) ?? [];
      sent.delete(requestId);
      return models;
    },
  };
}

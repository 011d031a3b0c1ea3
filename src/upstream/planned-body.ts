import type { NearfarError } from '../chat/error.ts';
import type { Usage } from '../chat/part.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { PromptCache } from '../promptcache/prompt-cache.ts';
import { withInnerMembers, withMember } from './spliced-body.ts';
import type { UpstreamModelSettings, UpstreamSettings } from './upstream.ts';

export type CachePlanning = Pick<PromptCache, 'plan'>;

/** A body as it is sent, whatever tries it takes. */
export interface PlannedPrompt {
  readonly text: string;
  /** Null where not even hashes may be kept, and of protocols without such a cache. */
  readonly prefix: PromptPrefix | null;
  settle(usage: Usage): void;
  /** No try came to an answer. Whoever was cut off by the client or the clock may bill what it read all the same. */
  abandon(error: NearfarError): void;
}

export interface PlannedFor {
  readonly upstream: UpstreamSettings;
  readonly model: UpstreamModelSettings;
  readonly planning?: CachePlanning | undefined;
}

/**
 * What is planned for the upstream's prompt cache, written into the body. Where nothing is, the text is the same one.
 * @param request one that was cleared for the upstream
 * @param body what `text` says
 */
export function plannedBody(
  { upstream, model, planning }: PlannedFor,
  modelId: string,
  { tenant, privacy }: Pick<ChatRequest, 'tenant' | 'privacy'>,
  text: string,
  body: Readonly<Record<string, unknown>>,
): PlannedPrompt {
  const { protocol, traits } = upstream;
  if (planning === undefined || protocol === 'ollama') {
    return { text, prefix: null, settle: () => undefined, abandon: () => undefined };
  }
  const { takesCacheKey } = traits;
  const plan = planning.plan({ modelId, model: model.name, protocol, takesCacheKey, tenant, privacy, body });
  let planned = plan.marks.length === 0 ? text : withInnerMembers(text, plan.marks);
  for (const [name, value] of Object.entries(plan.members)) planned = withMember(planned, name, value);
  return {
    text: planned,
    prefix: plan.prefix,
    settle: (usage) => {
      plan.settle(usage);
    },
    abandon: ({ kind }) => {
      if (kind !== 'aborted' && kind !== 'timeout') plan.abandon();
    },
  };
}

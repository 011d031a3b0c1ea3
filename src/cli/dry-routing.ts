import type { LoadedSettings } from '../config/load.ts';
import { loadPriceTable } from '../ledger/price-file.ts';
import { createScanText } from '../privacy/scan-text.ts';
import type { Span } from '../privacy/detect/span.ts';
import type { AskedPrompt } from '../route/asked-prompt.ts';
import { decide } from '../route/decide.ts';
import type { RouteFacts, TierDecision, TierRefusal } from '../route/route-facts.ts';
import { createRouter, type ModelOutlook, type ResolvedTier } from '../route/router.ts';
import { createSessionMemory } from '../route/session-memory.ts';
import type { NamedTier } from '../route/tier-names.ts';
import { promptReading, tiersOf } from './routing.ts';
import { tierModels } from './tier-models.ts';
import { boundsOf, createBilling, farModelId } from './upstreams.ts';

export interface DryDecision {
  readonly facts: RouteFacts;
  readonly decision: TierDecision | TierRefusal;
  /** What was found in the prompt. */
  readonly spans: readonly Span[];
}

/** What the router would do with a prompt, without a gateway, a model or a network: every tier is taken to be up. */
export interface DryRouting {
  decide(prompt: AskedPrompt, texts: readonly string[]): Promise<DryDecision>;
  /** Whether the settings name upstreams; else the tiers are near, mid and far as the guide has them. */
  readonly hasFar: boolean;
}

/** The tiers that a dry run shows: the owner's, or where he has no upstream the guide's. */
export interface ShownTiers {
  readonly tiers: readonly NamedTier[];
  /** Whether the settings name upstreams or tiers. */
  readonly hasFar: boolean;
}

const guideTiers = ['near', 'mid', 'far'].map((tier) => ({ tier, model: tier }));

/** By the settings, without asking who is here. */
export function shownTiers(loaded: LoadedSettings): ShownTiers {
  const { settings } = loaded;
  const hasFar = settings.route.tiers !== null || farModelId(settings) !== null;
  return { tiers: tierModels(loaded, hasFar ? tiersOf(settings) : guideTiers), hasFar };
}

/** @throws NearfarError or SettingsError where prices or the policy cannot be read */
export async function openDryRouting(loaded: LoadedSettings, policy: string): Promise<DryRouting> {
  const { settings } = loaded;
  const prices = await loadPriceTable(loaded.home);
  const billing = createBilling(settings.upstreams, prices);
  const { tiers, hasFar } = shownTiers(loaded);
  const resolved = tiers.map((one): ResolvedTier => ({ ...one, absence: null, pauseMs: 0 }));
  const scan = createScanText();
  const isUpstream = (modelId: string): boolean =>
    settings.upstreams.some(({ name }) => modelId.startsWith(`${name}/`));
  const outlookOf = (modelId: string): ModelOutlook => {
    const upstream = settings.upstreams.find(({ name }) => modelId.startsWith(`${name}/`));
    const isGuides = !hasFar && modelId !== settings.near;
    const isHere = !isUpstream(modelId) && !isGuides;
    const { price } = billing(modelId);
    return {
      boundary: isHere ? 'machine' : (upstream?.boundary ?? 'outside'),
      rest: null,
      can: {
        contextTokenCount: isHere
          ? settings.engine.contextTokenCount
          : boundsOf(modelId, settings.upstreams, prices).contextTokenCount,
        tools: true,
        media: !isHere,
        schema: true,
        tokens: isHere,
      },
      price: isGuides || price?.currency !== 'USD' ? null : price,
    };
  };
  const router = createRouter({
    ...(await promptReading(loaded, policy, tiers)),
    cascade: settings.route.cascade,
    outlookOf,
    figures: { of: () => ({ answers: null, speed: null }) },
    sessions: createSessionMemory(),
    voiceFirstTokenMs: settings.engine.classes.voice.firstTokenMs,
  });
  return {
    hasFar,
    async decide(prompt, texts) {
      const spans = texts.flatMap((text) => scan(text));
      // What nobody here reads counts as sensitive, as in the gateway.
      const isTainted = spans.length > 0 || prompt.needs.media;
      const facts = await router.facts(
        {
          requestedModel: 'auto',
          privacy: isTainted ? 'local_only' : 'open',
          isRedacted: false,
          tenant: '',
          prompt,
          limits: undefined,
          boundModelId: null,
          budgetLeftMicros: null,
        },
        resolved,
      );
      return { facts, decision: decide(facts), spans };
    },
  };
}

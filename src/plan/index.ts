/** What a program may use of the planner: `import { searchSetUps } from 'nearfar/plan'`. Pure functions and dated tables. */
export { kvBytes, kvBytesPerToken, type LayerCache, type LayerGroup } from './calculate/attention.ts';
export {
  batchFor,
  batchTradeoff,
  requestsUnderWay,
  type BatchFacts,
  type BatchPoint,
} from './calculate/batch-tradeoff.ts';
export { breakEvenReuseCount, expectedCacheSaving, type CachePrices } from './calculate/cache-break-even.ts';
export {
  deviceEvidence,
  deviceTableDate,
  devices,
  findDevice,
  type Device,
  type DeviceKind,
} from './calculate/device.ts';
export {
  compareWithGuide,
  type Basis,
  type ComparedFigure,
  type Figure,
  type GuideClaim,
} from './calculate/figure.ts';
export { shapeOfHubConfig } from './calculate/hub-config.ts';
export { guideKvClaim, guideMemoryTable } from './calculate/memory-table.ts';
export { findModelShape, modelShapes, type ModelShape } from './calculate/model-shape.ts';
export {
  apiCost,
  daysPerMonth,
  ownMachineCost,
  rentedCost,
  type MonthlyCost,
  type TokenPrices,
  type Traffic,
} from './calculate/monthly-cost.ts';
export {
  decodeStep,
  measuredEfficiency,
  prefillStep,
  type Machine,
  type ModelLoad,
} from './calculate/roofline.ts';
export { splitOutcome, type SplitOutcome, type SplitShare } from './calculate/routing-split.ts';
export {
  bestDraft,
  draftingGain,
  expectedTokenCount,
  type DraftingFacts,
} from './calculate/speculation-gain.ts';
export { formatByName, shapeByName, weightBytes } from './calculate/weight-bytes.ts';
export { findWeightFormat, weightFormats, type WeightFormat } from './calculate/weight-format.ts';
export { apiClasses, apiModels, type ApiModel } from './catalogue/api-models.ts';
export { findEngine, planEngines, type EngineName, type PlanEngine } from './catalogue/engines.ts';
export { catalogueDate, evidenceWords, type Evidence } from './catalogue/evidence.ts';
export { keptShare, planFormats, type PlanFormat } from './catalogue/formats.ts';
export { findPlanModel, planModels, type PlanModel } from './catalogue/models.ts';
export { assumedMix, qualityFloors, taskSkills, type SkillScores, type TaskMix } from './catalogue/tasks.ts';
export {
  ownedOffer,
  platformOffers,
  rentedOffers,
  usersOffer,
  usualQuestion,
  type Platform,
} from './decide/ask.ts';
export { commandsFor } from './decide/commands.ts';
export type { NearPart } from './decide/near-part.ts';
export type { Goal, Limits, Offer, PlanQuestion, Privacy } from './decide/question.ts';
export { searchSetUps, type Recommendation } from './decide/search.ts';
export { settingsFor, type SettingsData } from './decide/settings.ts';
export type { FarPart, SetUp } from './decide/set-up.ts';
export { workingOf, type WorkingLine } from './decide/working.ts';
export { guideCounts, guideRows, judgeGuide } from './guide/rows.ts';
export type { GuideRow, JudgedRow } from './guide/guide-row.ts';
export {
  replayTraffic,
  type ReplayOptions,
  type ReplayOutcome,
  type ReplayRow,
  type WhatIf,
} from './what-if/replay.ts';
export { efforts, techniques, type Technique } from './what-if/techniques.ts';
export { trafficOf, type RecordedTraffic } from './what-if/traffic.ts';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiModels, type ApiModel } from '../catalogue/api-models.ts';
import { planEngines } from '../catalogue/engines.ts';
import { planFormats } from '../catalogue/formats.ts';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { devices, findDevice } from '../calculate/device.ts';
import { builtInLists, createPriceTable } from '../../ledger/prices.ts';
import { settingsSchema } from '../../config/schema.ts';
import { ownedOffer, platformOffers, platforms, rentedOffers, usersOffer, usualQuestion } from './ask.ts';
import { commandsFor } from './commands.ts';
import { goals, privacies, type Goal, type Offer, type PlanQuestion } from './question.ts';
import { searchSetUps } from './search.ts';
import { settingsFor } from './settings.ts';
import type { SetUp } from './set-up.ts';
import { workingOf } from './working.ts';

const apis = apiModels(createPriceTable(builtInLists).entries);
const device = (name: string) => {
  const found = findDevice(name);
  if (found === null) throw new Error(`no ${name}`);
  return found;
};
const gpu = (gigabytes: number): Offer =>
  ownedOffer({ ...device('RTX 4090'), memoryBytes: gigabytes * 1e9 }, 2);

/** A small catalogue, so that properties run over many questions. */
const few = {
  models: planModels.filter(({ name }) =>
    ['Llama 3.2 1B', 'Qwen2.5 7B', 'Phi-4 14B', 'Llama 3.1 70B'].includes(name),
  ),
  formats: planFormats.filter(({ name }) => ['F16', 'Q8_0', 'Q4_K_M', 'FP8', 'AWQ'].includes(name)),
  engines: planEngines.filter(({ name }) => ['nearfar', 'vLLM', 'TGI'].includes(name)),
} as const;
const question = (changes: Partial<PlanQuestion>): PlanQuestion => ({
  ...usualQuestion,
  ...few,
  apis,
  ...changes,
});
const best = (changes: Partial<PlanQuestion>): SetUp | null =>
  searchSetUps(question(changes)).setUps[0] ?? null;

const requests = fc.integer({ min: 1, max: 1_000_000 });
const promptTokens = fc.integer({ min: 1, max: 4000 });
const floors = fc.constantFrom(qualityFloors.none, qualityFloors.basic, qualityFloors['gpt-3.5']);
const anyTraffic = fc
  .record({
    requestsPerDay: requests,
    promptTokenCount: promptTokens,
    outputTokenCount: fc.integer({ min: 1, max: 1000 }),
  })
  .map((some) => ({ ...usualQuestion.traffic, ...some }));

describe('the search', () => {
  it('gives one set-up and two alternatives that differ in engine or place', () => {
    const { setUps, consideredCount, possibleCount } = searchSetUps(
      question({ offers: rentedOffers(), engines: planEngines }),
    );
    expect(setUps).toHaveLength(3);
    expect(consideredCount).toBeGreaterThan(1000);
    expect(possibleCount).toBeGreaterThan(3);
    const kinds = setUps.map(
      ({ near, far }) =>
        `${near?.engine.name ?? ''}|${near?.offer.device.name ?? ''}|${far === null ? '' : 'API'}`,
    );
    expect(new Set(kinds).size).toBe(3);
  });

  it('is of one answer for one question', () => {
    const asked = question({ goal: 'cost', offers: rentedOffers() });
    expect(searchSetUps(asked)).toEqual(searchSetUps(asked));
  });

  it('keeps every limit, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...goals),
        fc.constantFrom(...privacies),
        anyTraffic,
        floors,
        fc.option(fc.double({ min: 0, max: 5000, noNaN: true })),
        (goal, privacy, traffic, floor, usdPerMonth) => {
          const limits = { ...usualQuestion.limits, floor, usdPerMonth };
          const { setUps } = searchSetUps(
            question({ goal, privacy, traffic, limits, offers: [gpu(24), ...rentedOffers()] }),
          );
          for (const { near, far, cost, machineCount } of setUps) {
            if (usdPerMonth !== null) expect(cost.usd).toBeLessThanOrEqual(usdPerMonth);
            if (privacy !== 'any') expect(far).toBeNull();
            if (privacy === 'device') expect(near?.offer.terms).not.toBe('rented');
            if (near === null) continue;
            expect(near.memory.totalBytes).toBeLessThanOrEqual(near.memory.usableBytes);
            expect(near.firstTokenMs).toBeLessThanOrEqual(limits.firstTokenMs ?? Infinity);
            expect(near.interTokenMs).toBeLessThanOrEqual(limits.interTokenMs ?? Infinity);
            expect(machineCount * near.splitCount).toBeLessThanOrEqual(near.offer.countLimit);
            expect(near.engine.isRetired).toBeUndefined();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never gives less quality for more memory where quality is the goal', () => {
    const gigabytes = fc.double({ min: 1, max: 200, noNaN: true });
    fc.assert(
      fc.property(gigabytes, gigabytes, anyTraffic, floors, (one, other, traffic, floor) => {
        const of = (memory: number): number =>
          best({
            goal: 'quality',
            privacy: 'own',
            traffic,
            offers: [gpu(memory)],
            limits: { ...usualQuestion.limits, floor },
          })?.quality ?? 0;
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(of(more)).toBeGreaterThanOrEqual(of(less));
      }),
      { numRuns: 60 },
    );
  });

  const shareOf = (setUp: SetUp | null, id: string): number =>
    setUp?.far?.api.id === id ? 1 - setUp.nearShare : 0;
  const dearer = (id: string, factor: number): readonly ApiModel[] =>
    apis.map((api) =>
      api.id === id
        ? {
            ...api,
            prices: {
              ...api.prices,
              input: api.prices.input * factor,
              output: api.prices.output * factor,
              cacheRead: (api.prices.cacheRead ?? api.prices.input) * factor,
            },
          }
        : api,
    );

  it('never sends more to a model because it costs more', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Goal>(...goals),
        fc.constantFrom(...apis.map(({ id }) => id)),
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        anyTraffic,
        floors,
        (goal, id, factor, more, traffic, floor) => {
          const at = (times: number): number =>
            shareOf(
              best({
                goal,
                traffic,
                apis: dearer(id, times),
                offers: [gpu(24)],
                limits: { ...usualQuestion.limits, floor },
              }),
              id,
            );
          expect(at(factor * more)).toBeLessThanOrEqual(at(factor) + 1e-9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never sends more to it within a budget either, where cost is the goal', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...apis.map(({ id }) => id)),
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.double({ min: 1, max: 3000, noNaN: true }),
        anyTraffic,
        (id, factor, more, usdPerMonth, traffic) => {
          const at = (times: number): number =>
            shareOf(
              best({
                goal: 'cost',
                traffic,
                apis: dearer(id, times),
                offers: [gpu(24), ...rentedOffers()],
                limits: { ...usualQuestion.limits, usdPerMonth },
              }),
              id,
            );
          expect(at(factor * more)).toBeLessThanOrEqual(at(factor) + 1e-9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never rents more of a device because its rent rose, where cost is the goal', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('L4', 'RTX 4090', 'H100 SXM'),
        fc.double({ min: 0.01, max: 20, noNaN: true }),
        fc.double({ min: 1, max: 20, noNaN: true }),
        anyTraffic,
        (name, rent, more, traffic) => {
          const rentedOf = (price: number): number => {
            const offers = rentedOffers().map((offer) =>
              offer.device.name === name ? { ...offer, price } : offer,
            );
            const setUp = best({ goal: 'cost', privacy: 'own', traffic, offers });
            return setUp?.near?.offer.device.name === name ? setUp.machineCount * setUp.near.splitCount : 0;
          };
          expect(rentedOf(rent * more)).toBeLessThanOrEqual(rentedOf(rent));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never costs more for fewer requests, a wider budget or one more device', () => {
    fc.assert(
      fc.property(anyTraffic, requests, (traffic, other) => {
        const cost = (requestsPerDay: number, offers: readonly Offer[]): number =>
          best({ goal: 'cost', traffic: { ...traffic, requestsPerDay }, offers })?.cost.usd ?? Infinity;
        const [less, more] = [
          Math.min(traffic.requestsPerDay, other),
          Math.max(traffic.requestsPerDay, other),
        ];
        expect(cost(less, rentedOffers())).toBeLessThanOrEqual(cost(more, rentedOffers()) + 1e-9);
        expect(cost(more, [...rentedOffers(), gpu(24)])).toBeLessThanOrEqual(
          cost(more, rentedOffers()) + 1e-9,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('says why nothing is possible', () => {
    const tiny = ownedOffer({ ...device('Raspberry Pi 5'), memoryBytes: 1e8 }, 1);
    expect(searchSetUps(question({ privacy: 'own', offers: [tiny] }))).toMatchObject({
      setUps: [],
      possibleCount: 0,
      leftOut: { 'does not fit that hardware, or no engine runs on it': expect.any(Number) as number },
    });
    const strict = { ...usualQuestion.limits, firstTokenMs: 1 };
    const found = searchSetUps(question({ privacy: 'own', offers: rentedOffers(), limits: strict }));
    expect(found.setUps).toEqual([]);
    expect(found.leftOut['the first token too late']).toBeGreaterThan(0);
  });

  it.each([
    [
      { traffic: { ...usualQuestion.traffic, requestsPerDay: -1 } },
      /requestsPerDay: expected a number of at least 0, got -1/,
    ],
    [
      { traffic: { ...usualQuestion.traffic, promptTokenCount: NaN } },
      /promptTokenCount: expected .* got NaN/,
    ],
    [
      { traffic: { ...usualQuestion.traffic, repeatedPromptShare: 2 } },
      /repeatedPromptShare: expected a number from 0 to 1/,
    ],
    [{ tasks: { reasoning: 0.5 } }, /sum of 1, got 0.5/],
    [{ tasks: { cooking: 1 } as never }, /expected classification, .* got "cooking"/],
    [{ goal: 'fame' as never }, /goal: expected one of latency/],
    [{ privacy: 'none' as never }, /privacy: expected one of any/],
    [{ limits: { ...usualQuestion.limits, usdPerMonth: -1 } }, /usdPerMonth: expected/],
    [{ offers: [gpu(-5)] }, /memory of RTX 4090: expected a number of at least 1, got -5000000000/],
    [{ offers: [{ ...gpu(24), countLimit: 0 }] }, /count of RTX 4090: expected at least 1, got 0/],
    [{ offers: [{ ...gpu(24), price: -1 }] }, /price of RTX 4090/],
  ])('refuses %j', (changes, message) => {
    expect(() => searchSetUps(question(changes))).toThrow(message);
  });
});

describe('what comes with a set-up', () => {
  it.each(platforms)('is valid settings, commands and a working for %s, for each goal', (platform) => {
    for (const goal of goals) {
      for (const privacy of privacies) {
        const asked: PlanQuestion = {
          ...usualQuestion,
          apis,
          goal,
          privacy,
          offers: platformOffers(platform),
          limits: { ...usualQuestion.limits, floor: qualityFloors.none },
        };
        for (const setUp of searchSetUps(asked).setUps) {
          const checked = settingsSchema.safeParse(settingsFor(asked, setUp));
          expect(checked.error?.message).toBeUndefined();
          expect(commandsFor(asked, setUp, 'nearfar.config.yaml').join('\n')).not.toMatch(
            /undefined|NaN|null/,
          );
          const working = workingOf(asked, setUp)
            .map((line) => line.working)
            .join('\n');
          expect(working).not.toMatch(/undefined|NaN/);
          expect(working).toMatch(/from memory, check|compared on \d{4}/);
        }
      }
    }
  });

  it('gives commands for every engine', () => {
    for (const engine of planEngines) {
      const offers = devices.map(usersOffer);
      const asked: PlanQuestion = {
        ...usualQuestion,
        ...{
          goal: 'quality',
          privacy: 'own',
          engines: [engine],
          offers,
          canWait: true,
          tasks: { simple_qa: 1 },
        },
        limits: { ...usualQuestion.limits, floor: qualityFloors.none },
      };
      const [setUp] = searchSetUps(asked).setUps;
      expect([engine.name, setUp?.near?.engine.name]).toEqual([engine.name, engine.name]);
      if (setUp !== undefined) expect(commandsFor(asked, setUp, 'x.yaml').length).toBeGreaterThan(0);
    }
  });
});

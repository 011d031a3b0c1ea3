import { describe, expect, it } from 'vitest';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { findDevice } from '../calculate/device.ts';
import { ownedOffer, rentedOffers, usualQuestion } from './ask.ts';
import type { Offer, PlanQuestion } from './question.ts';
import { relaxations } from './relax.ts';
import { searchSetUps } from './search.ts';

function offerOf(name: string, memoryBytes: number): Offer {
  const device = findDevice(name);
  if (device === null) throw new Error(`no ${name}`);
  return ownedOffer({ ...device, memoryBytes }, 1);
}

const question = (changes: Partial<PlanQuestion>): PlanQuestion => ({
  ...usualQuestion,
  models: planModels.filter(({ name }) => ['Llama 3.2 1B', 'Qwen2.5 1.5B', 'Qwen2.5 7B'].includes(name)),
  privacy: 'own',
  ...changes,
});

describe('where nothing is possible', () => {
  it('names one limit that is in the way, with what is possible without it', () => {
    const asked = question({ offers: [offerOf('RTX 4090', 4e9)] });
    expect(searchSetUps(asked).setUps).toEqual([]);
    const found = relaxations(asked);
    expect(found.map(({ options }) => options)).toContain('--may-rent');
    expect(found.map(({ options }) => options)).toContain('--least-quality none');
    for (const { setUp } of found) expect(setUp.far).toBeNull();
  });

  it('names two where neither alone is enough', () => {
    const limits = { ...usualQuestion.limits, floor: qualityFloors['gpt-4o'], usdPerMonth: 0.0001 };
    const found = relaxations(question({ offers: rentedOffers(), limits }));
    expect(found.map(({ options }) => options)).toContain('--least-quality none no --budget');
  });

  it('never gives up privacy, and says nothing where nothing helps', () => {
    expect(relaxations(question({ privacy: 'device', offers: [offerOf('Small IoT board', 1e8)] }))).toEqual(
      [],
    );
  });
});

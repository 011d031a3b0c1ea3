import { planEngines } from '../catalogue/engines.ts';
import { planFormats } from '../catalogue/formats.ts';
import { planModels } from '../catalogue/models.ts';
import { assumedMix, qualityFloors } from '../catalogue/tasks.ts';
import { devices, findDevice, type Device } from '../calculate/device.ts';
import type { Offer, PlanQuestion } from './question.ts';

/** Slowest that people read along with: 250 words a minute are 5.4 tokens a second; six a second are read with ease. */
export const readingMs = 1000 / 6;
/** A wait for the first word that a person still takes for an answer; a convention. */
export const patienceMs = 2000;

/** Everything that is assumed where nobody says; each is shown with the answer. */
export const usualQuestion: PlanQuestion = {
  goal: 'cost',
  traffic: {
    requestsPerDay: 1000,
    promptTokenCount: 500,
    outputTokenCount: 200,
    repeatedPromptShare: 0,
    peakFactor: 3,
  },
  canWait: false,
  tasks: assumedMix,
  privacy: 'any',
  offers: [],
  apis: [],
  limits: {
    firstTokenMs: patienceMs,
    interTokenMs: readingMs,
    usdPerMonth: null,
    floor: qualityFloors['gpt-3.5'],
  },
  energyPrice: 0.3,
  lifeYears: 3,
  models: planModels,
  formats: planFormats,
  engines: planEngines,
};

/** Every device of the table that is rented by the hour. */
export function rentedOffers(): readonly Offer[] {
  return devices.flatMap((device) =>
    device.rentPerHour === null
      ? []
      : [{ device, terms: 'rented' as const, countLimit: Infinity, price: device.rentPerHour }],
  );
}

/** Machines that are there, or would be bought at so much each. */
export function ownedOffer(device: Device, count: number, price = 0): Offer {
  return { device, terms: 'owned', countLimit: count, price };
}

/** What users have in their hands. */
export function usersOffer(device: Device): Offer {
  return { device, terms: 'users', countLimit: Infinity, price: 0 };
}

/** Where the answers are to be made; a server is rented or owned. */
export const platforms = ['server', 'desktop', 'phone', 'browser', 'embedded'] as const;
export type Platform = (typeof platforms)[number];

/** What stands for a platform where no device is named: all that is rented, or one device that is typical of it. */
const typical: Readonly<Record<Exclude<Platform, 'server'>, string>> = {
  desktop: 'Desktop CPU',
  phone: 'Snapdragon 8 Elite',
  browser: 'Browser on a laptop',
  embedded: 'Raspberry Pi 5',
};

export function platformOffers(platform: Platform): readonly Offer[] {
  if (platform === 'server') return rentedOffers();
  const device = findDevice(typical[platform]);
  return device === null ? [] : [usersOffer(device)];
}

import { createNear } from '../create-near.ts';
import { fakeBackend, fakeEnvironment, recordingNetwork, type FakeBackend, type RecordingNetwork } from '../fakes.ts';
import type { Near, NearOptions } from '../near.ts';

/** A client with one model in the page and a gateway behind a recording network. */

export const secretText = 'My IBAN is DE89 3704 0044 0532 0130 00, please write it down.';
export const hardText = `A farmer, who had leased his land to a neighbour under a contract that could be ended only if either of them gave
notice before March, died in February, after he had written to his son, whom he trusted, that the land, unless it was sold, should
be given to whichever of his three children would live on it; the letter arrived, however, when the son had already moved in, and
his sisters, who were told about it by the neighbour, had agreed to sell. If the court holds that the letter (which was not signed)
counts as a will, and that the agreement does not bind anyone who had not seen it, who owns the land, and what would change?`;

export interface Made {
  readonly near: Near;
  readonly page: FakeBackend;
  readonly network: RecordingNetwork;
  readonly environment: ReturnType<typeof fakeEnvironment>;
}

export function make(
  options: Partial<NearOptions> = {},
  given: { page?: FakeBackend; network?: RecordingNetwork } = {},
): Made {
  const { page = fakeBackend({ name: 'page' }), network = recordingNetwork() } = given;
  const environment = fakeEnvironment();
  const near = createNear({
    gateway: { url: 'https://gateway.example/v1', fetch: network.fetch },
    backends: [page],
    environment,
    ...options,
  });
  return { near, page, network, environment };
}


import { Hono } from 'hono';
import type { AppDependencies } from './dependencies.ts';

/** The whole gateway as a function from Request to Response. Routes only; everything else is passed in. */
export function createApp(_dependencies: AppDependencies): Hono {
  return new Hono();
}

import { expect, it } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import { named } from './attempts.ts';

it('names the upstream once, however often it is told', () => {
  const error = new NearfarError('upstream_failed', 'The upstream failed (500): boom', { retryable: true });
  const once = named(error, '$&');
  expect(once.message).toBe('The upstream $& failed (500): boom');
  expect(named(once, '$&').message).toBe(once.message);
  expect(once.retryable).toBe(true);
});

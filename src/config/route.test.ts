import { describe, expect, it } from 'vitest';
import { loadSettings } from './load.ts';

const load = (flags: Readonly<Record<string, string>>) =>
  loadSettings({
    environment: {},
    workingFolder: '/nowhere',
    home: '/nowhere',
    flags: new Map(Object.entries(flags).map(([path, text]) => [path, { flag: `--${path}`, text }])),
  });

const upstreams = JSON.stringify([
  { name: 'open', baseUrl: 'http://127.0.0.1:9', models: ['middle', 'big'] },
]);

describe('the settings of the route', () => {
  it('name tiers with or without a model', async () => {
    const { settings } = await load({
      'route.tiers': '["near", {"name": "clever", "model": "open/big"}]',
      'route.thresholds': '[0.5]',
      upstreams,
    });
    expect(settings.route.tiers).toEqual([
      { name: 'near', model: 'near' },
      { name: 'clever', model: 'open/big' },
    ]);
  });

  it.each([
    [{ 'route.policy': 'best' }, 'expected heuristic, classifier, calibrated, near, mid, far, got "best"'],
    [{ 'route.policy': 'calibrated' }, 'needs a profile'],
    [{ 'route.policy': 'mid' }, 'set `mid`'],
    [{ 'route.tiers': '["near", "near"]' }, 'the same name'],
    [{ 'route.tiers': '[]' }, 'at least one tier'],
    [{ 'route.tiers': '["auto"]' }, 'auto is the router itself'],
    [{ 'route.tiers': '["mid"]' }, 'the setting `mid` names no model'],
    [{ 'route.tiers': '[{"name": "far", "model": "open/big"}]', upstreams }, 'the setting `far` says'],
    [{ 'route.tiers': '["near", "a", "b", "c"]' }, '4 tiers need 3 thresholds, got 2'],
    [{ 'route.thresholds': '[0.7, 0.3]' }, 'at least the one before'],
  ])('%j is refused', async (flags, message) => {
    await expect(load(flags as unknown as Record<string, string>)).rejects.toThrow(message);
  });
});

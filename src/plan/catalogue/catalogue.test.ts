import { describe, expect, it } from 'vitest';
import { catalog } from '../../models/catalog.ts';
import { builtInLists, createPriceTable } from '../../ledger/prices.ts';
import { kvBytesPerToken } from '../calculate/attention.ts';
import { deviceKinds, devices } from '../calculate/device.ts';
import { modelShapes } from '../calculate/model-shape.ts';
import { apiModels } from './api-models.ts';
import { engineNames, findEngine, planEngines } from './engines.ts';
import { formatsNamed, keptShare, planFormat, planFormats } from './formats.ts';
import { findPlanModel, planModels } from './models.ts';
import { checkMix, assumedMix, skills } from './tasks.ts';

describe('the tables', () => {
  it('have the tools that the issue names, each with formats that are known, devices and a source', () => {
    expect(planEngines.map(({ name }) => name).toSorted()).toEqual(engineNames.toSorted());
    for (const engine of planEngines) {
      for (const name of engine.formats) expect(planFormat(name).name).toBe(name);
      expect(engine.runsOn.every((kind) => deviceKinds.includes(kind))).toBe(true);
      expect(engine.evidence.source.length).toBeGreaterThan(5);
      expect([engine.name, engine.batchLimit > 1]).toEqual([engine.name, engine.hasContinuousBatching]);
    }
    expect(findEngine('tensorrt llm')?.name).toBe('TensorRT-LLM');
    expect(findEngine('steam')).toBeNull();
  });

  it('agree with the catalogue of models that nearfar pulls: the cache to the byte, the weights to 2%', () => {
    const shared = planModels.flatMap((model) => {
      const entry = catalog.find(({ id }) => id === model.nearfar);
      return entry === undefined ? [] : [{ model, entry }];
    });
    expect(shared.length).toBeGreaterThan(8);
    for (const { model, entry } of shared) {
      expect([model.name, kvBytesPerToken(model.shape.layers, 2)]).toEqual([
        model.name,
        entry.kvBytesPerToken,
      ]);
      expect([model.name, Math.abs(model.shape.parameterCount / entry.parameterCount - 1) < 0.02]).toEqual([
        model.name,
        true,
      ]);
    }
    for (const { nearfar } of planModels)
      if (nearfar !== null)
        expect([nearfar, catalog.some(({ id }) => id === nearfar)]).toEqual([nearfar, true]);
  });

  it('have scores from 0 to 100, and a source or a word that there is none', () => {
    for (const { name, scores, evidence } of planModels) {
      for (const skill of skills) {
        const score = scores[skill];
        if (score !== null) expect([name, score >= 0 && score <= 100]).toEqual([name, true]);
      }
      expect(evidence.source.length).toBeGreaterThan(3);
    }
    for (const { source, checkedOn } of devices) {
      expect(source.length).toBeGreaterThan(10);
      if (checkedOn !== null) expect(checkedOn).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
    expect(modelShapes.every(({ source }) => source.length > 10)).toBe(true);
  });

  it('lose more in fewer bits, of one family of formats', () => {
    const gguf = ['F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q4_0'].map(planFormat);
    expect(gguf.map(keptShare)).toEqual(gguf.map(keptShare).toSorted((one, other) => other - one));
    expect(gguf.map(({ bitsPerWeight }) => bitsPerWeight)).toEqual(
      gguf.map(({ bitsPerWeight }) => bitsPerWeight).toSorted((one, other) => other - one),
    );
    expect(formatsNamed('int4').length).toBeGreaterThan(3);
    expect(formatsNamed('Q99')).toEqual([]);
    expect(() => planFormat('Q99')).toThrow(/format: expected one of F16/);
    expect(planFormats.every(({ divergence }) => divergence >= 0)).toBe(true);
  });

  it('know the class of every model in the price lists that came with nearfar', () => {
    const { entries } = createPriceTable(builtInLists);
    const known = new Set(apiModels(entries).map(({ id }) => id));
    const ofClasses = /^(api\.openai|api\.anthropic|generativelanguage\.googleapis)\.com\//;
    const ids = entries.map(({ host, model }) => `${host}/${model}`);
    // Which class these are of their names do not say.
    expect(ids.filter((id) => ofClasses.test(id) && !known.has(id))).toEqual([
      'generativelanguage.googleapis.com/gemini-4-argon',
      'generativelanguage.googleapis.com/gemini-4-hydrogen',
    ]);
    // Models of other makers are of none of them, whatever they are called.
    expect([...known].filter((id) => !ofClasses.test(id))).toEqual([]);
    const tierOf = (name: string) => apiModels(entries).find(({ model }) => model === name)?.tier.name;
    expect([
      tierOf('gpt-6-luna'),
      tierOf('claude-sonnet-5-5'),
      tierOf('claude-opus-5-5'),
      tierOf('gpt-5.4-mini'),
      tierOf('gemini-2.5-pro'),
      tierOf('gemini-3.5-flash-lite'),
    ]).toEqual(['small', 'mid', 'frontier', 'small', 'mid', 'small']);
  });

  it('find models by their names, aliases and ids, and mixes that are whole', () => {
    expect(findPlanModel('phi-4')?.name).toBe('Phi-4 14B');
    expect(findPlanModel('smollm2-135m-instruct')?.name).toBe('SmolLM2 135M');
    expect(findPlanModel('Qwen/Qwen2.5-7B-Instruct')?.name).toBe('Qwen2.5 7B');
    expect(findPlanModel('nobody')).toBeNull();
    expect(checkMix(assumedMix)).toBe(assumedMix);
  });
});

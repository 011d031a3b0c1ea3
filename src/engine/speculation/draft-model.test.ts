import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../config/schema.ts';
import { createFakeDraftModel, type FakeDraftOptions } from '../testing/fake-draft-model.ts';
import {
  command,
  createHarness,
  expectedText,
  type Harness,
  type HarnessOptions,
} from '../testing/harness.ts';

/** A draft model of a twentieth of the cost. */
function draftingHarness(options: HarnessOptions = {}, draft: Partial<FakeDraftOptions> = {}) {
  const clock = { ms: 0, slowdown: 1 };
  const draftModel = createFakeDraftModel({ msOf: () => 0.05, clock, wrongEvery: 5, ...draft });
  const harness = createHarness({ flatCost: true, speculation: 'auto', clock, draftModel, ...options });
  return { harness, draftModel };
}

function drain({ engine }: Harness): void {
  for (let step = 0; engine.step(); step++) if (step > 5000) throw new Error('no rest');
}

const tokensOf = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) - 32);

const prompt = Array.from({ length: 20 }, (_, index) => 1 + ((index * 7) % 50));

describe('a draft model', () => {
  it('makes the same text in fewer steps, and is counted', async () => {
    const plain = createHarness({ flatCost: true });
    await plain.engine.submit(command('one', prompt, { maxTokenCount: 80, ignoreEndOfGeneration: true }));
    drain(plain);
    for (const speculation of ['auto', 3] as const) {
      const { harness, draftModel } = draftingHarness({ speculation });
      await harness.engine.submit(command('one', prompt, { maxTokenCount: 80, ignoreEndOfGeneration: true }));
      drain(harness);
      expect(harness.textOf('one')).toBe(plain.textOf('one'));
      const stats = harness.engine.stats();
      expect(stats.stepCount).toBeLessThan(plain.engine.stats().stepCount / 2);
      expect(stats.acceptedTokenCount).toBeGreaterThan(30);
      // For the next turn; but for the last token, which need not be read.
      expect(draftModel.decoder.usedCellCount).toBeLessThan(prompt.length + 80);
      const { draftedTokenCount, acceptedTokenCount } = stats;
      expect(harness.parts.get('one')?.at(-1)).toMatchObject({
        type: 'finish',
        timings: { draftedTokenCount, acceptedTokenCount, draftGain: expect.any(Number) as number },
      });
      // What drafting took counts too.
      expect(stats.draftedStepMs).toBeCloseTo(harness.clock.ms - 1 - prompt.length / 64, 0);
    }
  });

  it('computes the drafts of all sequences in one batch a round', async () => {
    const widths: number[] = [];
    const { harness } = draftingHarness({ speculation: 3 }, { onDecode: (width) => widths.push(width) });
    for (const id of ['a', 'b', 'c']) {
      await harness.engine.submit(
        command(id, [...prompt.slice(0, 5), id.charCodeAt(0) - 90], {
          maxTokenCount: 40,
          ignoreEndOfGeneration: true,
        }),
      );
    }
    drain(harness);
    const wide = widths.filter((width) => width >= 3);
    expect(wide.length).toBeGreaterThan(0.7 * widths.length);
  });

  it('never changes an answer, whatever comes and goes, and never runs out of cells', async () => {
    const request = fc.record({
      /** Goes on from an earlier answer, whole or cut. */
      goesOnFrom: fc.option(
        fc.record({ index: fc.nat(5), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
        {
          nil: null,
        },
      ),
      prompt: fc.array(fc.integer({ min: 1, max: 63 }), { minLength: 1, maxLength: 30 }),
      maxTokenCount: fc.integer({ min: 1, max: 30 }),
      after: fc.integer({ min: 0, max: 6 }),
      abortAfter: fc.option(fc.integer({ min: 0, max: 12 }), { nil: null }),
      speculation: fc.constantFrom(null, 'auto' as const, 'off' as const, 1, 7),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 6 }),
        // Few cells: sequences are preempted, of the model and of the draft model there is no room for all.
        fc.integer({ min: 70, max: 160 }),
        fc.integer({ min: 20, max: 100 }),
        fc.constantFrom(0, 2, 5),
        async (requests, cellCount, draftCellCount, wrongEvery) => {
          const outcomes = new Set<string>();
          const { harness, draftModel } = draftingHarness(
            { cellCount, repetitive: true },
            { cellCount: draftCellCount, wrongEvery, repetitive: true },
          );
          const decode = draftModel.decoder.decode.bind(draftModel.decoder);
          draftModel.decoder.decode = () => {
            const outcome = decode();
            outcomes.add(outcome);
            return outcome;
          };
          const aborts = new Map<string, number>();
          const prompts: number[][] = [];
          for (const [index, one] of requests.entries()) {
            const earlier = requests[one.goesOnFrom?.index ?? index];
            const before = prompts[one.goesOnFrom?.index ?? index];
            const told =
              before === undefined
                ? []
                : [...before, ...tokensOf(expectedText(before, earlier?.maxTokenCount ?? 0, true))];
            const kept = told.slice(0, Math.min(30, Math.round(told.length * (one.goesOnFrom?.share ?? 0))));
            const tokens = [...kept, ...one.prompt];
            prompts.push(tokens);
            for (let step = 0; step < one.after; step++) harness.engine.step();
            const { speculation, maxTokenCount } = one;
            await harness.engine.submit(command(`${index}`, tokens, { speculation, maxTokenCount }));
            if (one.abortAfter !== null) aborts.set(`${index}`, one.abortAfter);
          }
          for (let step = 0; ; step++) {
            for (const [id, at] of aborts) if (at === step) harness.engine.abort(id);
            if (!harness.engine.step()) break;
            if (step > 3000) throw new Error('no rest');
          }
          requests.forEach(({ maxTokenCount }, index) => {
            const tokens = prompts[index] ?? [];
            const text = harness.textOf(`${index}`);
            const expected = expectedText(tokens, maxTokenCount, true);
            const hasFinished = harness.parts.get(`${index}`)?.at(-1)?.type === 'finish';
            expect(hasFinished ? text : expected.slice(0, text.length)).toBe(hasFinished ? expected : text);
          });
          // What is kept gives way before there is no room, and nothing is forgotten in the count.
          expect([...outcomes].filter((outcome) => outcome !== 'ok')).toEqual([]);
          expect(harness.engine.stats().usedCellCount).toBe(harness.decoder.usedCellCount);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not draft where its rounds cost what they save, but for trials', async () => {
    const { harness } = draftingHarness({}, { msOf: () => 2 });
    await harness.engine.submit(command('one', prompt, { maxTokenCount: 200, ignoreEndOfGeneration: true }));
    drain(harness);
    expect(harness.engine.stats().draftedTokenCount).toBeLessThan(20);
  });

  it('stops where the drafts prove wrong', async () => {
    const { harness } = draftingHarness({}, { wrongEvery: 1, msOf: () => 0.3 });
    await harness.engine.submit(command('one', prompt, { maxTokenCount: 200, ignoreEndOfGeneration: true }));
    drain(harness);
    const { draftedTokenCount, acceptedTokenCount } = harness.engine.stats();
    expect(draftedTokenCount).toBeLessThan(60);
    expect(acceptedTokenCount).toBeLessThan(5);
  });

  it('reads a long prompt in pieces, of which none makes a reader wait beyond the target', async () => {
    const gaps: number[] = [];
    let last = 0;
    const { harness } = draftingHarness(
      { targetInterTokenMs: 4, cellCount: 400, batchTokenCount: 64 },
      { cellCount: 400, batchTokenCount: 64, msOf: (tokenCount) => tokenCount / 40 },
    );
    const long = Array.from({ length: 300 }, (_, index) => 1 + ((index * 13) % 61));
    await harness.engine.submit(command('long', long, { maxTokenCount: 90, ignoreEndOfGeneration: true }));
    while (harness.engine.step()) {
      if (harness.textOf('long') !== '') gaps.push(harness.clock.ms - last);
      last = harness.clock.ms;
    }
    expect(harness.engine.stats().acceptedTokenCount).toBeGreaterThan(10);
    expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(4 + 1e-9);
  });

  describe('over a conversation', () => {
    /** What the draft model reads for each request in turn, and how its drafts fare; it is always right where its cells are. */
    async function readOf(requests: readonly (readonly number[])[], salts: readonly string[] = []) {
      let total = 0;
      const { harness } = draftingHarness(
        { speculation: 3, cellCount: 800 },
        { wrongEvery: 0, cellCount: 800, sequenceCount: 8, onDecode: (width) => (total += width) },
      );
      const counts: number[] = [];
      for (const [index, tokens] of requests.entries()) {
        const before = total;
        const id = `${index}`;
        await harness.engine.submit(
          command(id, tokens, { salt: salts[index] ?? 'a', maxTokenCount: 12, ignoreEndOfGeneration: true }),
        );
        drain(harness);
        const plain = createHarness({ flatCost: true, cellCount: 800 });
        await plain.engine.submit(command(id, tokens, { maxTokenCount: 12, ignoreEndOfGeneration: true }));
        drain(plain);
        expect(harness.textOf(id)).toBe(plain.textOf(id));
        counts.push(total - before);
      }
      return {
        counts,
        texts: requests.map((_, index) => harness.textOf(`${index}`)),
        ...harness.engine.stats(),
      };
    }

    const opening = Array.from({ length: 120 }, (_, index) => 1 + ((index * 11) % 59));

    it('reads only what is new in each turn', async () => {
      const first = await readOf([opening]);
      const second = [...opening, ...tokensOf(first.texts[0] ?? ''), 7, 8, 9];
      const both = await readOf([opening, second]);
      expect(both.counts[0]).toBeGreaterThan(120);
      expect(both.counts[1]).toBeLessThan(40);
      expect(both.acceptedTokenCount).toBe(both.draftedTokenCount);
      // Nothing of it is another tenant's.
      expect((await readOf([opening, second], ['a', 'b'])).counts[1]).toBeGreaterThan(120);
    });

    it('is right where a conversation is edited, cut, or goes two ways', async () => {
      const edited = opening.map((token, index) => (index === 70 ? 1 + (token % 60) : token));
      const requests = [
        opening,
        edited,
        opening.slice(0, 50),
        [...opening, 5],
        [...opening, 6],
        [...edited, 5],
      ];
      const { counts, acceptedTokenCount, draftedTokenCount } = await readOf(requests);
      expect(draftedTokenCount).toBeGreaterThan(30);
      expect(acceptedTokenCount).toBe(draftedTokenCount);
      expect(Math.max(...counts.slice(1))).toBeLessThan(110);
    });
  });

  it('keeps no more of earlier conversations than costs little to scan, and gives way to those of now', async () => {
    const { harness, draftModel } = draftingHarness(
      { speculation: 2, cellCount: 900 },
      { cellCount: 200, sequenceCount: 3, idleMsPerCell: 0.0001 },
    );
    for (let index = 0; index < 9; index++) {
      const tokens = Array.from({ length: 60 }, (_, at) => 1 + ((at * 7 + index * 13) % 61));
      await harness.engine.submit(
        command(`${index}`, tokens, { salt: `${index}`, maxTokenCount: 12, ignoreEndOfGeneration: true }),
      );
      drain(harness);
      const plain = createHarness({ flatCost: true });
      await plain.engine.submit(command('one', tokens, { maxTokenCount: 12, ignoreEndOfGeneration: true }));
      drain(plain);
      expect(harness.textOf(`${index}`)).toBe(plain.textOf('one'));
    }
    expect(harness.engine.stats().acceptedTokenCount).toBeGreaterThan(20);
    // A tenth of 0.05 ms at 0.0001 ms each, or the latest conversation alone.
    expect(draftModel.decoder.usedCellCount).toBeLessThanOrEqual(72);
    expect(draftModel.decoder.usedCellCount).toBeGreaterThan(55);
  });

  it('shares what it has read between sequences of one tenant, and not between tenants', async () => {
    const read = async (salts: readonly string[]) => {
      let total = 0;
      const { harness } = draftingHarness(
        { speculation: 2 },
        { onDecode: (width) => (total += width), cellCount: 400 },
      );
      for (const [index, salt] of salts.entries()) {
        const tokens = [...prompt, ...prompt, 3 + index];
        await harness.engine.submit(
          command(`${index}`, tokens, { salt, maxTokenCount: 12, ignoreEndOfGeneration: true }),
        );
      }
      drain(harness);
      return total;
    };
    expect(await read(['a', 'a'])).toBeLessThan((await read(['a', 'b'])) - prompt.length);
  });
});

describe('the readers and drafts', () => {
  it.each(['auto', 16] as const)(
    'keeps steps with drafts (%s) within the target of who reads',
    async (speculation) => {
      for (const targetInterTokenMs of [1.25, 1.3, 1.4]) {
        const harness = createHarness({ flatCost: true, repetitive: true, speculation, targetInterTokenMs });
        const repeated = Array.from({ length: 30 }, (_, index) => 1 + (index % 10));
        for (const id of ['a', 'b'])
          await harness.engine.submit(
            command(id, repeated, { maxTokenCount: 60, ignoreEndOfGeneration: true }),
          );
        drain(harness);
        // 1 ms and a 64th for each token.
        const mostCount = Math.floor((targetInterTokenMs - 1) * 64);
        const { stepCount, acceptedTokenCount } = harness.engine.stats();
        expect(acceptedTokenCount).toBeGreaterThan(5);
        expect(Math.max(...harness.decoder.batches.slice(-stepCount + 4))).toBeLessThanOrEqual(mostCount);
      }
    },
  );

  it('takes the shortest target of those who share the step', async () => {
    const { classes: usual } = defaultSettings.engine;
    const classes = { ...usual, interactive: { firstTokenMs: 500, interTokenMs: 1.2 } };
    const widest = async (priority: 'interactive' | 'default') => {
      const harness = createHarness({ flatCost: true, repetitive: true, speculation: 16, classes });
      const repeated = Array.from({ length: 30 }, (_, index) => 1 + (index % 10));
      await harness.engine.submit(
        command('a', repeated, { maxTokenCount: 60, ignoreEndOfGeneration: true, priority }),
      );
      drain(harness);
      return Math.max(...harness.decoder.batches.slice(1));
    };
    expect(await widest('interactive')).toBeLessThanOrEqual(12);
    expect(await widest('default')).toBeGreaterThan(12);
  });

  it('may stretch a step that misses the target anyhow by a half', async () => {
    const harness = createHarness({
      flatCost: true,
      repetitive: true,
      speculation: 16,
      targetInterTokenMs: 0.5,
    });
    const repeated = Array.from({ length: 30 }, (_, index) => 1 + (index % 10));
    await harness.engine.submit(command('a', repeated, { maxTokenCount: 60, ignoreEndOfGeneration: true }));
    let [last, longest] = [0, 0];
    while (harness.engine.step()) {
      if (last > 2) longest = Math.max(longest, harness.clock.ms - last);
      last = harness.clock.ms;
    }
    expect(harness.engine.stats().acceptedTokenCount).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(1.5 * 1.1);
  });
});

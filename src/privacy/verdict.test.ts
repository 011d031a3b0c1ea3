import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelGrade } from '../chat/part.ts';
import { nothingFound, type Findings } from './scan-request.ts';
import { keyModes, routeModes, verdictOf, type PrivacyFacts } from './verdict.ts';

const plain: PrivacyFacts = {
  asked: 'open',
  floor: 'open',
  findings: nothingFound,
  allowsMedia: false,
  session: 'clean',
  mode: 'auto',
  keyMode: null,
  nearGrade: 'basic',
  sessionKey: () => null,
};
const email: Findings = { detectors: ['email'], hasFailed: false, unread: [] };
const picture: Findings = { detectors: [], hasFailed: false, unread: ['image'] };
const failed: Findings = { detectors: ['person.failed'], hasFailed: true, unread: [] };

const facts = fc.record({
  asked: fc.constantFrom('open' as const, 'local_only' as const),
  floor: fc.constantFrom('open' as const, 'local_only' as const),
  findings: fc.constantFrom(nothingFound, email, picture, failed),
  allowsMedia: fc.boolean(),
  session: fc.constantFrom('clean' as const, 'found' as const, 'kept' as const),
  mode: fc.constantFrom(...routeModes),
  keyMode: fc.constantFrom(null, ...keyModes),
  nearGrade: fc.constantFrom<ModelGrade | null>(null, 'smoke test', 'basic', 'assistant', 'ungraded'),
  sessionKey: fc.constant(() => null),
});

describe('the verdict', () => {
  test('is plainly open where nothing speaks against it', () => {
    expect(verdictOf(plain)).toMatchObject({ label: 'open', mode: 'open', reasons: [], detectors: [] });
  });

  test('is local where the near model is good enough, else block', () => {
    const found = { ...plain, findings: email };
    expect(verdictOf(found)).toMatchObject({
      label: 'local_only',
      mode: 'block',
      reasons: ['detector', 'near_is_not_assistant'],
      detectors: ['email'],
    });
    expect(verdictOf({ ...found, nearGrade: 'assistant' }).mode).toBe('local');
    expect(verdictOf({ ...found, nearGrade: null }).mode).toBe('block');
    for (const mode of ['local', 'redact', 'block'] as const) {
      expect(verdictOf({ ...found, mode }).mode).toBe(mode);
    }
  });

  test('what nobody has read is sensitive unless the owner allows it', () => {
    expect(verdictOf({ ...plain, findings: picture })).toMatchObject({
      label: 'local_only',
      reasons: ['media', 'near_is_not_assistant'],
      detectors: ['unread.image'],
    });
    expect(verdictOf({ ...plain, findings: picture, allowsMedia: true }).label).toBe('open');
  });

  test('a key’s exception lets out what detectors find, and nothing that somebody asked to keep', () => {
    const excepted = { ...plain, findings: email, keyMode: 'open' } as const;
    expect(verdictOf(excepted)).toMatchObject({ label: 'open', reasons: ['detector', 'exception'] });
    expect(verdictOf({ ...excepted, asked: 'local_only' }).label).toBe('local_only');
    expect(verdictOf({ ...excepted, session: 'kept' }).label).toBe('local_only');
    expect(verdictOf({ ...excepted, findings: failed }).label).toBe('local_only');
    expect(verdictOf({ ...excepted, keyMode: 'redact' }).mode).toBe('redact');
  });

  test('only looser where a key says so: every other fact tightens', () => {
    fc.assert(
      fc.property(facts, (one) => {
        const verdict = verdictOf(one);
        const mustStay = one.asked === 'local_only' || one.floor === 'local_only' || one.session === 'kept';
        if (mustStay || one.findings.hasFailed) expect(verdict.label).toBe('local_only');
        expect(verdict.label === 'open').toBe(verdict.mode === 'open');
        if (verdict.label === 'open') {
          const isClean = one.findings.detectors.length === 0 && one.session === 'clean';
          expect(isClean || one.keyMode === 'open').toBe(true);
        }
      }),
    );
  });

  test('nothing leaves redacted that was asked to stay, that nobody has read, or whose beginning is not here', () => {
    fc.assert(
      fc.property(facts, (one) => {
        if (verdictOf(one).mode !== 'redact') return;
        expect(one.asked).toBe('open');
        expect(one.floor).toBe('open');
        expect(one.findings.hasFailed).toBe(false);
        expect(one.findings.detectors.length).toBeGreaterThan(0);
        expect(one.session).not.toBe('kept');
        expect(one.allowsMedia || one.findings.unread.length === 0).toBe(true);
      }),
    );
  });
});

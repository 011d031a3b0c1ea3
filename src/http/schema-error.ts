import type { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import { unsupportedMark } from './schema-field.ts';

type Issue = z.core.$ZodIssue;

/**
 * The client's first mistake, as an error that names its path in his own spelling and what was expected.
 * Values are never repeated: they may be prompts.
 */
export function schemaError(error: z.ZodError): NearfarError {
  // "Not supported" explains more than the odd shape that such a field brings with it elsewhere.
  const issue = error.issues.find(isUnsupported) ?? error.issues[0];
  if (issue === undefined) return new NearfarError('invalid_request', 'The body is not valid.');
  const { issue: leaf, path } = deepestIssue(issue, []);
  const field = pathText(path);
  if (leaf.code === 'unrecognized_keys') {
    const name = pathText([...path, leaf.keys[0]?.slice(0, 100) ?? '']);
    return new NearfarError(
      'unsupported',
      `Unknown field ${name}: nearfar does not know it, and ignoring it might change the answer. Leave it out.`,
      { field: name },
    );
  }
  if (isUnsupported(leaf)) {
    return new NearfarError('unsupported', `${field}: ${leaf.message}.`, { field });
  }
  const expectation = leaf.message.replace(/^Invalid (input|option): /, '').replace(/^(Too)/, 'too');
  return field === ''
    ? new NearfarError('invalid_request', `The body: ${expectation}.`)
    : new NearfarError('invalid_request', `${field}: ${expectation}.`, { field });
}

function isUnsupported(issue: Issue): boolean {
  return issue.code === 'custom' && issue.params?.['nearfar'] === unsupportedMark.nearfar;
}

/** In a union the alternative that got furthest is the one that was meant. */
function deepestIssue(
  issue: Issue,
  prefix: readonly PropertyKey[],
): { issue: Issue; path: readonly PropertyKey[] } {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union') return { issue, path };
  let best: { issue: Issue; path: readonly PropertyKey[] } | null = null;
  for (const alternative of issue.errors) {
    const first = alternative[0];
    if (first === undefined) continue;
    const candidate = deepestIssue(first, path);
    if (best === null || rank(candidate) > rank(best)) best = candidate;
  }
  if (best === null) return { issue, path };
  // All alternatives failed at the union itself: no single one tells the whole expectation.
  if (best.path.length === path.length && best.issue.code === 'invalid_type') {
    const expected = issue.errors.flatMap(([first]) =>
      first?.code === 'invalid_type' ? [first.expected] : [],
    );
    return { issue: { ...best.issue, message: `expected ${[...new Set(expected)].join(' or ')}` }, path };
  }
  return best;
}

function rank(candidate: { issue: Issue; path: readonly PropertyKey[] }): number {
  return candidate.path.length * 2 + (candidate.issue.code === 'invalid_type' ? 0 : 1);
}

/** `['messages', 2, 'role']` -> `messages[2].role` */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { fakeGateway } from '../../test/fake-gateway.ts';
import { allOperations } from './all-operations.ts';
import { openapiPath } from './openapi.ts';

/** Every property name in a JSON schema, however deep. */
function propertyNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own =
    'properties' in schema && typeof schema.properties === 'object'
      ? Object.keys(schema.properties ?? {})
      : [];
  return [...own, ...Object.values(schema).flatMap(propertyNames)];
}

it('docs/api.md names every route and every field', async () => {
  const document = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  for (const operation of allOperations(fakeGateway().dependencies)) {
    expect(document).toContain(`${operation.method} ${openapiPath(operation.path)}`);
    if (operation.body === null) continue;
    const schema = z.toJSONSchema(operation.body, { unrepresentable: 'any', io: 'input' });
    for (const name of new Set(propertyNames(schema))) {
      if (['role', 'content', 'type', 'text'].includes(name)) continue;
      expect(document, `${operation.path}: ${name}`).toMatch(new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``));
    }
  }
});

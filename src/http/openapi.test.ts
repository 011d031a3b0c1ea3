import { describe, expect, it } from 'vitest';
import { fakeGateway } from '../../test/fake-gateway.ts';
import { openapiPath } from './openapi.ts';

interface Described {
  readonly openapi: string;
  readonly paths: Record<
    string,
    Record<string, { requestBody?: { content: { 'application/json': { schema: Schema } } } }>
  >;
}
interface Schema {
  readonly properties?: Record<string, { description?: string }>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

async function description(): Promise<Described> {
  return (await (await fakeGateway().app.request('/openapi.json')).json()) as Described;
}

describe('/openapi.json', () => {
  it('has every route and no other', async () => {
    const { paths } = await description();
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = fakeGateway()
      .app.routes.filter((route) => route.method !== 'OPTIONS')
      .map((route) => `${route.method} ${openapiPath(route.path)}`);
    expect(described.sort()).toEqual([...new Set(served)].sort());
    expect(described).toContain('GET /v1/models/{model}');
  });

  it('describes bodies as they are checked', async () => {
    const { openapi, paths } = await description();
    expect(openapi).toMatch(/^3\.1/);
    const schema = paths['/v1/chat/completions']?.['post']?.requestBody?.content['application/json'].schema;
    expect(schema?.required).toEqual(['model', 'messages']);
    expect(schema?.additionalProperties).toBe(false);
    expect(schema?.properties?.['functions']?.description).toContain('Not supported');
    expect(schema?.properties?.['user']?.description).toContain('without effect');
  });
});

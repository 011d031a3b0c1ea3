import { isObject } from './wire-json.ts';

/**
 * Whether OpenAI would take a schema as strict: every object lists all its members as required and admits no others.
 * Keywords are left to the provider, who adds to those that it takes.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  if (!isObject(schema)) return true;
  const { type, properties } = schema;
  const isObjectType = type === 'object' || (Array.isArray(type) && type.includes('object'));
  if (isObjectType || isObject(properties)) {
    if (schema['additionalProperties'] !== false) return false;
    const required: unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
    if (!Object.keys(isObject(properties) ? properties : {}).every((name) => required.includes(name))) {
      return false;
    }
  }
  return Object.entries(schema).every(([keyword, value]) =>
    // Values, not schemas.
    ['const', 'enum', 'default', 'examples', 'required'].includes(keyword)
      ? true
      : keyword === 'properties' || keyword === '$defs' || keyword === 'definitions'
        ? Object.values(isObject(value) ? value : {}).every(isStrictSchema)
        : isStrictSchema(value),
  );
}

import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import type { Tool, ToolUse } from '../chat/tool.ts';

/** Names that all clients and all families of models can spell. */
export const toolName = z
  .string()
  .regex(/^[a-zA-Z0-9_./:-]{1,128}$/, 'expected 1 to 128 letters, digits and _ - . / :');

/** The JSON Schema of a tool's arguments. What it says is checked where it is compiled. */
export const toolParameters = z.record(z.string(), z.unknown()).meta({
  description: 'JSON Schema of an object. What cannot be enforced is refused.',
});

/** A choice as a dialect has it. */
export type RequestedChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'named'; readonly name: string; readonly field: string };

export interface ToolUseRequest {
  readonly tools: readonly Tool[];
  /** The client's field with the list, for errors. */
  readonly toolsField: string;
  readonly choice: RequestedChoice;
  readonly choiceField: string;
  readonly allowsParallel: boolean;
}

/**
 * What a request's tools come to; undefined where nothing may be called.
 * @throws NearfarError `invalid_request` for a name twice, a choice without tools, or of one that is not there
 */
export function toolUse(request: ToolUseRequest): ToolUse | undefined {
  const { tools, choice, allowsParallel } = request;
  const names = new Set<string>();
  for (const { name, field } of tools) {
    if (names.has(name)) throw invalid(field, 'another tool has the same name');
    names.add(name);
  }
  if (choice.kind === 'none') return undefined;
  if (tools.length === 0) {
    if (choice.kind === 'auto') return undefined;
    throw invalid(request.choiceField, `needs ${request.toolsField}`);
  }
  if (choice.kind !== 'named') return { tools, choice: { kind: choice.kind }, allowsParallel };
  if (!names.has(choice.name))
    throw invalid(choice.field, `expected the name of one of ${request.toolsField}`);
  return { tools, choice: { kind: 'named', name: choice.name }, allowsParallel };
}

/**
 * A schema whose texts are objects, as arguments must be.
 * @throws NearfarError `invalid_request` for one of another type
 */
export function objectSchema(
  schema: Readonly<Record<string, unknown>> | null | undefined,
  field: string,
): Readonly<Record<string, unknown>> {
  const { type } = schema ?? {};
  if (type !== undefined && type !== 'object') throw invalid(`${field}.type`, 'expected object');
  if (schema === null || schema === undefined || Object.keys(schema).length === 0) {
    return { type: 'object', properties: {} };
  }
  return type === 'object' ? schema : { type: 'object', ...schema };
}

export function invalid(field: string, what: string): NearfarError {
  return new NearfarError('invalid_request', `${field}: ${what}.`, { field });
}

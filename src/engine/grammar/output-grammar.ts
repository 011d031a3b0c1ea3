import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, OutputFormat } from '../../chat/request.ts';
import { compileGrammar } from './compile-grammar.ts';
import type { CompiledGrammar } from './grammar-part.ts';

/** Compiling takes up to some ten milliseconds, and clients send the same few schemas again and again. */
const keptCount = 64;
/** Least recently used first. The compiler is pure, so what is kept is what would come out again. */
const kept = new Map<string, CompiledGrammar>();

/**
 * The grammar of an answer's form; `null` where anything goes.
 * @throws NearfarError as `compileGrammar` does, and `unsupported` for an answer that the client begins: what it wrote
 * is no part of what is drawn here
 */
export function outputGrammar(format: OutputFormat, input: ChatInput): CompiledGrammar | null {
  if (format.type !== 'text' && isBegun(input)) {
    const { field } = format;
    throw new NearfarError(
      'unsupported',
      `${field}: an answer that the client begins cannot be held to a form.`,
      { field },
    );
  }
  switch (format.type) {
    case 'text':
      return null;
    case 'json_object':
      return compiled({ type: 'object' }, format.field);
    case 'json_schema':
      return compiled(format.schema, format.field);
  }
}

function isBegun(input: ChatInput): boolean {
  return input.kind === 'chat' && input.startsNewTurn !== true && input.messages.at(-1)?.role === 'assistant';
}

function compiled(schema: unknown, field: string): CompiledGrammar {
  const key = JSON.stringify(schema);
  const grammar = kept.get(key) ?? compileGrammar({ kind: 'json', schema, field });
  kept.delete(key);
  kept.set(key, grammar);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptCount) break;
    kept.delete(oldest);
  }
  return grammar;
}

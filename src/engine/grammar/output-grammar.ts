import type { OutputFormat } from '../../chat/request.ts';
import { compileGrammar } from './compile-grammar.ts';
import type { CompiledGrammar } from './grammar-part.ts';

/**
 * The grammar of an answer's form; `null` where anything goes.
 * @throws NearfarError as `compileGrammar` does
 */
export function outputGrammar(format: OutputFormat): CompiledGrammar | null {
  switch (format.type) {
    case 'text':
      return null;
    case 'json_object':
      return compileGrammar({ kind: 'json', schema: { type: 'object' }, field: format.field });
    case 'json_schema':
      return compileGrammar({ kind: 'json', schema: format.schema, field: format.field });
  }
}

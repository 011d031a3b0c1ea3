import * as untyped from '@huggingface/jinja';

interface JinjaEnvironment {
  set(name: string, value: unknown): unknown;
}

interface Jinja {
  tokenize(template: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }): unknown;
  parse(tokens: unknown): unknown;
  Environment: new () => JinjaEnvironment;
  Interpreter: new (environment: JinjaEnvironment) => { run(program: unknown): { readonly value: unknown } };
}

/**
 * The part of @huggingface/jinja that chat templates need. Stated here because the package's declarations import
 * each other without file extensions, which TypeScript cannot follow for ES modules.
 */
export const jinja = untyped as unknown as Jinja;

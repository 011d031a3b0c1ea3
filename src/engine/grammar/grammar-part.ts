/**
 * What a constrained text is made of: JSON that fits a schema, and the words around it. Tool-call syntax of a model
 * family is such a part, e.g. `<tool_call>` + JSON + `</tool_call>`.
 */
export type GrammarPart =
  /** Exactly this text. */
  | { readonly kind: 'literal'; readonly text: string }
  /**
   * JSON that fits a JSON Schema. `field` is where the schema stands in the client's request, for errors.
   * @see compile-grammar.ts for what is enforced
   */
  | { readonly kind: 'json'; readonly schema: unknown; readonly field: string }
  /** Any text, also none, in which none of these strings occurs. They must not be empty. */
  | { readonly kind: 'free-text'; readonly without: readonly string[] }
  /** One control token of the model, by its spelling, e.g. `<|python_tag|>`. The request fails where it has none. */
  | { readonly kind: 'control'; readonly spelling: string }
  | { readonly kind: 'sequence'; readonly parts: readonly GrammarPart[] }
  /** Exactly one of these; at least one must be given. */
  | { readonly kind: 'choice'; readonly options: readonly GrammarPart[] }
  /** `min` to `max` times, `null` = without end. The part must not match the empty text. */
  | {
      readonly kind: 'repeat';
      readonly part: GrammarPart;
      readonly min: number;
      readonly max: number | null;
      /** Between each two; absent: nothing. */
      readonly separator?: GrammarPart;
    };

/**
 * A grammar as the engine takes it. While `triggers` is `null` it holds from the first token on. Otherwise the answer
 * is free until one of these texts has been written; from the beginning of that text on it must match.
 */
export interface CompiledGrammar {
  /** GBNF, with control tokens by name (see gbnf.ts). */
  readonly text: string;
  readonly triggers: readonly string[] | null;
}

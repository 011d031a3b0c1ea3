/**
 * A key that no log, error or JSON can show: whoever needs the text has to ask for it. Node's own printing finds nothing
 * in it either, for the text stands in a private field.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return '[secret]';
  }

  toString(): string {
    return '[secret]';
  }
}

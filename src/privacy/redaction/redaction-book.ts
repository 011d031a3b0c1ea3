import type { SpanType } from '../detect/span.ts';
import { namesIn, placeholderName, type PlaceholderName } from './placeholder.ts';

/** Placeholders of one request, and what each stands for. */
export interface RedactionBook {
  /** The same text of the same type has the same name, e.g. `PERSON_1`. */
  nameOf(type: SpanType, text: string): PlaceholderName;
  /** What a name that this request uses stands for; undefined of any other text. */
  original(name: string): string | undefined;
  /** What this request's names stand for. */
  readonly originals: ReadonlyMap<PlaceholderName, string>;
  /** Texts that have a name here, those of earlier requests of the session too. */
  readonly known: readonly { readonly type: SpanType; readonly text: string }[];
  readonly knownCount: number;
}

/** What keeps names the same over the requests of a session. It holds what was taken out: memory only, never written. */
export interface SessionBook {
  /** @param texts of the request: names that stand in them are not used, for they would be mistaken for placeholders */
  open(texts: readonly string[]): RedactionBook;
}

/** Most texts that a session's book knows; beyond, it begins anew. */
const mostEntries = 5000;

export function createSessionBook(): SessionBook {
  const entries = new Map<string, { type: SpanType; text: string; name: PlaceholderName }>();
  const counts = new Map<SpanType, number>();

  return {
    open(texts) {
      const taken = new Set(texts.flatMap(namesIn));
      const used = new Map<PlaceholderName, string>();
      if (entries.size > mostEntries) entries.clear();

      function newName(type: SpanType): PlaceholderName {
        for (;;) {
          const count = (counts.get(type) ?? 0) + 1;
          counts.set(type, count);
          const name = placeholderName(type, count);
          if (!taken.has(name)) return name;
        }
      }

      return {
        nameOf(type, text) {
          const key = `${type} ${text}`;
          let entry = entries.get(key);
          if (entry === undefined || taken.has(entry.name)) {
            entry = { type, text, name: newName(type) };
            entries.set(key, entry);
          }
          used.set(entry.name, text);
          return entry.name;
        },
        original: (name) => used.get(name as PlaceholderName),
        originals: used,
        get known() {
          return [...entries.values()].map(({ type, text }) => ({ type, text }));
        },
        get knownCount() {
          return entries.size;
        },
      };
    },
  };
}

export interface SessionBooks {
  /** The book of a session of a tenant; of no session (null) a new one. */
  bookOf(tenant: string, session: string | null): SessionBook;
}

/** Of so many sessions, those that asked last: of another one the names begin anew, and nothing else changes. */
export function createSessionBooks(mostSessions = 1000): SessionBooks {
  const books = new Map<string, SessionBook>();
  return {
    bookOf(tenant, session) {
      if (session === null) return createSessionBook();
      const key = JSON.stringify([tenant, session]);
      const book = books.get(key) ?? createSessionBook();
      books.delete(key);
      books.set(key, book);
      const [oldest] = books.keys();
      if (books.size > mostSessions && oldest !== undefined) books.delete(oldest);
      return book;
    },
  };
}

import { readJsonLine } from './json-line.ts';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Span } from '../privacy/detect/span.ts';
import { redactSpans } from '../privacy/redaction/redact-text.ts';
import { createSessionBook } from '../privacy/redaction/redaction-book.ts';
import { createScanText, type ScanText } from '../privacy/scan-text.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import { proveOptions } from './privacy-prove-options.ts';
import { commandSettings } from './settings.ts';

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(part)]) });
const line = z
  .strictObject({
    id: z.union([z.string(), z.number()]),
    text: z.string().optional(),
    messages: z.array(message).optional(),
  })
  .refine((one) => (one.text === undefined) !== (one.messages === undefined), {
    message: 'expected either text or messages',
  });
type Line = z.infer<typeof line>;

/** A span of a message is of one of its texts, which `path` names. */
interface PlacedSpan extends Span {
  readonly path?: string;
}

/** What would be kept here, of texts on the standard input; and what was decided of requests. */
export const privacy: Command = {
  name: 'privacy',
  usage: '[options] < LINES | audit [options] | prove [options]',
  description:
    'Says of texts what in them should not leave this machine, and why. Reads JSON lines {"id", "text"} or {"id", "messages"}, ' +
    'writes for each {"id", "sensitive", "spans": [{"start", "end", "type", "detector"}]}; positions are UTF-16 units of the text, ' +
    'or of the part of a message that "path" names. Parts that are no text count as sensitive. Nothing is kept and nothing is sent.\n' +
    'audit: lists requests that were not plainly open: label, detectors, and where they went; nothing of their text is kept.\n' +
    'prove: plants texts in thousands of requests to a gateway with these settings, whose upstreams are recording servers on this ' +
    'machine, and reports every way to every upstream and what left; nothing real is called. Exit code 1 where something leaked, ' +
    'or where nothing was shown.',
  options: {
    redact: {
      type: 'boolean',
      description: 'Write the text or the messages too, with placeholders in the place of what was found',
    },
    since: {
      type: 'string',
      placeholder: 'TIME',
      description: 'audit: from then on: 2026-11-25, 7d, 24h, today, all (7d)',
    },
    until: { type: 'string', placeholder: 'TIME', description: 'audit: up to then' },
    limit: { type: 'string', placeholder: 'N', description: 'audit: most rows, newest first (100)' },
    ...proveOptions,
    ...jsonOption,
  },
  examples: [
    `echo '{"id": 1, "text": "Mail jane@example.com"}' | nearfar privacy`,
    'nearfar privacy --redact < prompts.jsonl > redacted.jsonl',
    'nearfar privacy audit --since today',
    'nearfar privacy prove --config nearfar.config.yaml --out REPORT.md',
  ],
  run: async (input) => {
    const { options, words } = input;
    if (words[0] === 'audit') return (await import('./privacy-audit.ts')).privacyAudit(input);
    if (words[0] === 'prove') return (await import('./privacy-prove.ts')).privacyProve(input);
    if (words.length > 0)
      throw new UsageError('expected audit, prove, or JSON lines on the standard input and no words');
    const scan = createScanText({ terms: (await commandSettings(options)).settings.privacy.terms });
    let lineNumber = 0;
    let wrongCount = 0;
    for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      lineNumber++;
      if (text.trim() === '') continue;
      const read = readJsonLine(text, line, '{"id", "text"}');
      if (typeof read === 'string') {
        wrongCount++;
        process.stderr.write(`nearfar privacy: line ${lineNumber}: ${read}\n`);
        continue;
      }
      const row = rowOf(read, scan, options.flag('redact'));
      if (!process.stdout.write(`${JSON.stringify(row)}\n`))
        await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
    return wrongCount === 0 ? 0 : 1;
  },
};

function rowOf({ id, text, messages }: Line, scan: ScanText, redacts: boolean) {
  const spans: PlacedSpan[] = [];
  const texts = [text ?? '', ...(messages ?? []).map(({ content }) => JSON.stringify(content))];
  const book = createSessionBook().open(texts);
  const read = (one: string, path?: string): string => {
    const found = scan(one);
    spans.push(...found.map((span) => (path === undefined ? span : { ...span, path })));
    return redacts ? redactSpans(one, found, book) : one;
  };
  if (text !== undefined) {
    const redacted = read(text);
    return { id, sensitive: spans.length > 0, spans, ...(redacts ? { text: redacted } : {}) };
  }
  const redacted = (messages ?? []).map((one, index) => {
    const at = `messages[${index}].content`;
    if (typeof one.content === 'string') return { ...one, content: read(one.content, at) };
    const content = one.content.map((piece, place) => {
      if (piece.text !== undefined) return { ...piece, text: read(piece.text, `${at}[${place}].text`) };
      // Nobody here reads pictures and sounds.
      spans.push({
        start: 0,
        end: 0,
        type: 'unread',
        detector: `unread.${piece.type}`,
        path: `${at}[${place}]`,
      });
      return redacts ? { type: 'text', text: `[${piece.type.toUpperCase()} LEFT OUT]` } : piece;
    });
    return { ...one, content };
  });
  return { id, sensitive: spans.length > 0, spans, ...(redacts ? { messages: redacted } : {}) };
}

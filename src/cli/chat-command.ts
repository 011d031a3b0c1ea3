/** What a line typed into `nearfar chat` asks for. */
export type ChatLine =
  | { readonly kind: 'empty' }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'help' | 'clear' | 'retry' | 'exit' | 'models' }
  | { readonly kind: 'model'; readonly name: string | null }
  | { readonly kind: 'system'; readonly text: string | null }
  | { readonly kind: 'save'; readonly file: string | null }
  | { readonly kind: 'unknown'; readonly word: string };

export const chatHelp = [
  '/model [NAME]   show or change the model',
  '/models         list the models that are here',
  '/system [TEXT]  show or set the system prompt; "/system -" takes it away',
  '/retry          answer the last message again',
  '/clear          forget the conversation',
  '/save [FILE]    write the conversation to a file (Markdown, or JSON by its name)',
  '/exit           leave (Ctrl-D too)',
  'Ctrl-C stops an answer, not the program. A line that ends in \\ goes on. //text says text with one slash.',
].join('\n');

export function parseChatLine(line: string): ChatLine {
  const text = line.trim();
  if (text === '') return { kind: 'empty' };
  if (!text.startsWith('/')) return { kind: 'say', text };
  if (text.startsWith('//')) return { kind: 'say', text: text.slice(1) };
  const [word = '', ...rest] = text.split(/\s+/);
  const argument = text.slice(word.length).trim();
  const value = argument === '' ? null : argument;
  switch (word) {
    case '/help':
    case '/?':
      return { kind: 'help' };
    case '/clear':
    case '/new':
      return { kind: 'clear' };
    case '/retry':
      return { kind: 'retry' };
    case '/exit':
    case '/quit':
    case '/bye':
      return { kind: 'exit' };
    case '/models':
      return { kind: 'models' };
    case '/model':
      return { kind: 'model', name: rest[0] ?? null };
    case '/system':
      return { kind: 'system', text: value };
    case '/save':
      return { kind: 'save', file: value };
    default:
      return { kind: 'unknown', word };
  }
}

/** A message's text, whether it was sent as one string or as a list of text parts. */
export function textOfContent(content: string | readonly { readonly text: string }[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text).join('\n');
}

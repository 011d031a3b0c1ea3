import type { ModelGrade } from '../chat/part.ts';

/** What answered, and its grade, for the client. */
export function modelHeaders(
  model: string,
  grade: ModelGrade | 'ungraded',
): Readonly<Record<'x-nearfar-model' | 'x-nearfar-grade', string>> {
  return { 'x-nearfar-model': headerText(model), 'x-nearfar-grade': grade };
}

/**
 * Pure. Clients choose names of models at upstreams, and a header takes neither line breaks nor letters beyond Latin: what it does not
 * take, and the percent sign, is written as in an address.
 */
export function headerText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\x20-\x7e]|%/gu, encodeURIComponent);
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function padded(value: number, length = 2): string {
  return String(value).padStart(length, '0');
}

const directives: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => padded(date.getFullYear(), 4),
  y: (date) => padded(date.getFullYear() % 100),
  m: (date) => padded(date.getMonth() + 1),
  B: (date) => months[date.getMonth()] ?? '',
  b: (date) => (months[date.getMonth()] ?? '').slice(0, 3),
  d: (date) => padded(date.getDate()),
  A: (date) => weekdays[date.getDay()] ?? '',
  a: (date) => (weekdays[date.getDay()] ?? '').slice(0, 3),
  H: (date) => padded(date.getHours()),
  I: (date) => padded(date.getHours() % 12 || 12),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  M: (date) => padded(date.getMinutes()),
  S: (date) => padded(date.getSeconds()),
  '%': () => '%',
};

/**
 * Python's `datetime.strftime` in the C locale, local time, as far as chat templates use it; `%-d` drops leading
 * zeros. Jinja's own takes month names from the machine's locale, which would change the prompt. Directives that
 * are not known stay as they are.
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (directive, minus: string, letter: string) => {
    const render = directives[letter];
    if (render === undefined) return directive;
    return minus === '' ? render(date) : render(date).replace(/^0+(?=\d)/, '');
  });
}

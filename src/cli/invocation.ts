import process from 'node:process';

/** How the person who reads this runs nearfar: by its name, or through npm in a clone. */
export function nearfarCommand(args: string): string {
  const script = process.argv[1] ?? '';
  const isClone = /[/\\]src[/\\]cli[/\\]main\.ts$/.test(script);
  return isClone ? `npm run -s nearfar -- ${args}` : `nearfar ${args}`;
}

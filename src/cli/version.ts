import { readFileSync } from 'node:fs';

/** nearfar's own version, from package.json (two folders up, from src/cli and dist/cli alike). */
export function nearfarVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

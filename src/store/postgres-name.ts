import { NearfarError } from '../chat/error.ts';
import type { Secret } from '../chat/secret.ts';

/**
 * Host, port and database of a connection string, for people.
 * @throws NearfarError `invalid_request` that does not repeat it
 */
export function postgresName(url: Secret): string {
  const text = url.reveal();
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    throw new NearfarError(
      'invalid_request',
      'The connection string of the database must be like postgres://USER:PASSWORD@HOST:5432/DATABASE.',
    );
  }
  const { host, pathname } = new URL(text);
  return `PostgreSQL at ${host === '' ? 'this machine' : host}${pathname}`;
}

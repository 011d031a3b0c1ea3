import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Secret } from '../src/chat/secret.ts';

/** A PostgreSQL server of its own, with nothing in it, that nobody else can see. */
export interface PostgresServer {
  readonly url: Secret;
  readonly query: (text: string) => Promise<readonly Record<string, unknown>[]>;
  /** Removes everything of nearfar's. */
  readonly clear: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const binaries = findBinaries();
/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
const user = process.getuid?.() === 0 ? postgresUser() : null;

/** Why these tests cannot run here; null where they can. */
export const postgresMissing: string | null =
  binaries === null
    ? 'PostgreSQL is not installed (Debian: apt-get install postgresql)'
    : process.getuid?.() === 0 && user === null
      ? 'PostgreSQL does not run as root, and there is no user postgres'
      : null;

export async function startPostgres(): Promise<PostgresServer> {
  if (binaries === null || postgresMissing !== null) throw new Error(postgresMissing ?? '');
  const folder = mkdtempSync(join(tmpdir(), 'nearfar-postgres-'));
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const as = user === null ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const data = join(folder, 'data');
  const initialise = [
    ...as,
    join(binaries, 'initdb'),
    '-D',
    data,
    '-U',
    'nearfar',
    '-A',
    'trust',
    '-E',
    'UTF8',
  ];
  const initialised = [...initialise, '--locale=C', '--no-sync', '--no-instructions'];
  const made = spawnSync(initialised[0] ?? '', initialised.slice(1), { encoding: 'utf8', cwd: folder });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const options = { port, unix_socket_directories: folder, fsync: 'off', shared_buffers: '16MB' };
  const command = [
    ...[...as, join(binaries, 'postgres'), '-D', data, '-h', '127.0.0.1'],
    ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const server = spawn(command[0] ?? '', command.slice(1), {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => {
    server.on('exit', () => {
      resolve();
    });
  });
  // Whatever becomes of the test.
  const kill = () => server.kill('SIGKILL');
  process.on('exit', kill);
  const url = `postgres://nearfar:secret-of-the-tests@127.0.0.1:${port}/postgres`;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      await query('select 1');
      break;
    } catch (thrown) {
      if (attempt > 200 || server.exitCode !== null)
        throw new Error(`PostgreSQL did not start: ${said}`, { cause: thrown });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    url: new Secret(url),
    query,
    clear: async () => {
      await query('drop schema if exists nearfar cascade');
    },
    async close() {
      // At once, without waiting for clients.
      server.kill('SIGINT');
      await ended;
      process.off('exit', kill);
      rmSync(folder, { recursive: true });
    },
  };
}

function findBinaries(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

function postgresUser(): { readonly uid: number; readonly gid: number } | null {
  const [uid, gid] = ['-u', '-g'].map((option) => {
    const { status, stdout } = spawnSync('id', [option, 'postgres'], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : NaN;
  });
  return uid === undefined || gid === undefined || Number.isNaN(uid + gid) ? null : { uid, gid };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { readProfile, type Profile } from '../route/calibration/profile.ts';

/**
 * Where the profile of that name lies.
 * @throws NearfarError where the name could leave the folder
 */
export function profilePath(home: string, name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name))
    throw new NearfarError(
      'invalid_request',
      `profile: expected 1 to 64 letters, digits, dots, dashes or underscores, got ${JSON.stringify(name)}.`,
      { field: 'profile' },
    );
  return path.join(home, 'profiles', `${name}.json`);
}

/** Written whole or not at all; the owner's only, because weights of words tell of the prompts that they were learned from. */
export function writeProfile(home: string, name: string, profile: Profile): string {
  const file = profilePath(home, name);
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const waiting = `${file}.${randomUUID()}`;
  try {
    writeFileSync(waiting, `${JSON.stringify(profile)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(waiting, file);
  } catch (error) {
    rmSync(waiting, { force: true });
    throw error;
  }
  return file;
}

/** @throws NearfarError where there is none of that name or it is no profile */
export function openProfile(home: string, name: string): Profile {
  const file = profilePath(home, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new NearfarError(
      'not_found',
      `profile: there is no ${file}. "nearfar calibrate --profile ${name}" makes it.`,
      { field: 'profile', cause: error },
    );
  }
  return readProfile(text, file);
}

import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { SetUpError } from './run.mjs';

/** The user's, not the project's: a second clone downloads and builds nothing again. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dealbridge');
}

/** Makes it where it is missing. */
export function ensureCacheFolder() {
  try {
    mkdirSync(cacheFolder(), { recursive: true });
  } catch (error) {
    throw new SetUpError(
      `${cacheFolder()} cannot be made (${error.code}): set XDG_CACHE_HOME to a folder in which this user may write.`,
    );
  }
}

export function findOnPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

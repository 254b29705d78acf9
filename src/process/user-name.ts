import { userInfo } from 'node:os';

/** Who runs this process; a container may run as a number without a name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

import { userInfo } from 'node:os';
import { isReservedName } from '../deal/actor.js';

/** Who runs this process; a container may run as a number without a name, and a user have a name that the trail has for us. */
export function userName(): string {
  try {
    const { username } = userInfo();
    return isReservedName(username) ? `user ${username}` : username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

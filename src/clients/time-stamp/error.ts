import { DealbridgeError } from '../../deal/errors.js';

/** The authority gave no stamp, or one that proves nothing. */
export class TimeStampError extends DealbridgeError {
  constructor(asked: string, found: string) {
    super('time-stamp-refused', `${asked}: ${found}`);
  }
}

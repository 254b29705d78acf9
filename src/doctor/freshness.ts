import { type Finding, ok, wrong } from './finding.js';

/** How long ago a loop last read everything there was. */

/** A feed that is refused asks again within five minutes; ten intervals are more than one page that takes long. */
const INTERVALS = 10;
const PATIENCE_S = 600;

export function toFreshnessFinding(
  name: string,
  age: number | undefined,
  error: string | undefined,
  everySeconds: number,
): Finding {
  if (error !== undefined) {
    return wrong(name, `refused: ${error}`, 'Set right what the steps of the system say; it asks again by itself.');
  }
  const read = age === undefined ? 'has not read yet' : `complete up to ${age} s ago`;
  const isStale = age !== undefined && age > Math.max(PATIENCE_S, INTERVALS * everySeconds);
  return isStale ? wrong(name, read, 'See that a worker polls the queues and that the loop runs.') : ok(name, read);
}

import { type Finding, ok, warning, wrong } from './finding.js';

/** How long ago a loop last read everything there was. */

/** A feed that is refused asks again within five minutes; ten intervals are more than one page that takes long. */
const INTERVALS = 10;
const PATIENCE_S = 600;

const ADVICE = 'See that a worker polls the queues and that the loop runs.';

export function toFreshnessFinding(
  name: string,
  age: number | undefined,
  error: string | undefined,
  everySeconds: number,
): Finding {
  if (error !== undefined) {
    return wrong(name, `refused: ${error}`, 'Set right what the steps of the system say; it asks again by itself.');
  }
  if (age === undefined) return warning(name, 'has not read yet', `Wait for its first reading. ${ADVICE}`);
  const read = `complete up to ${age} s ago`;
  return age > Math.max(PATIENCE_S, INTERVALS * everySeconds) ? wrong(name, read, ADVICE) : ok(name, read);
}

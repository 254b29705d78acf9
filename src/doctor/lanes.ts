import type { Database } from '../ledger/database.js';
import { createPausedLaneLedger } from '../ledger/settings/paused-lanes.js';
import { ok, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Whether a worker waits for a sign-in that is refused; what Entra says now stands in the steps of the tokens. */
export function examineLanes(needs: { readonly database: Step; readonly db: Step<Database> }): Step<true> {
  return createStep('lanes', needs, async ({ db }) => {
    const paused = await createPausedLaneLedger(db).list();
    if (paused.length === 0) return { value: true, findings: [ok('lanes', 'no worker waits for a sign-in')] };
    const findings = paused.map(({ system, address, pausedSince, problem }) =>
      wrong(
        `${system} ${address}`,
        `paused since ${pausedSince.toISOString()}, deals wait: ${problem}`,
        `Set right what the token of ${system} says, a new secret by \`dealbridge credentials set ${system}\`; deals go on by themselves.`,
      ),
    );
    return { value: true, findings };
  });
}

import type { Database } from '../ledger/database.js';
import type { SystemName } from '../ledger/settings/environments.js';
import { createPausedLaneLedger } from '../ledger/settings/paused-lanes.js';
import { createThrottledLaneLedger } from '../ledger/settings/throttled-lanes.js';
import type { CredentialName } from '../ledger/settings/vault.js';
import { findCredentialName } from '../process/access.js';
import type { Config } from '../process/config.js';
import { toCompanyAddress } from '../process/environment-lock.js';
import { ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Whether a worker waits for a sign-in that is refused or for a quota that is used up; what Entra says now stands in the steps of the tokens. */
export function examineLanes(needs: {
  readonly database: Step;
  readonly db: Step<Database>;
  readonly config: Step<Config>;
}): Step<true> {
  return createStep('lanes', needs, async ({ db, config }) => {
    const paused = await createPausedLaneLedger(db).list();
    const throttled = (await createThrottledLaneLedger(db).list()).map(({ system, address, clientId, ...lane }) =>
      warning(
        `${system} ${address}`,
        `throttled until ${lane.pausedUntil.toISOString()}, deals wait (app registration ${clientId}): ${lane.problem}`,
        'They go on by themselves. If that happens often, lower the rate, or give the company an app registration of its own.',
      ),
    );
    const signIns = paused.map(({ system, address, pausedSince, problem }) =>
      wrong(
        `${system} ${address}`,
        `paused since ${pausedSince.toISOString()}, deals wait: ${problem}`,
        `Set right what the token of ${system} says, a new secret by \`dealbridge credentials set ${findCredential(config, system, address)}\`; deals go on by themselves.`,
      ),
    );
    const findings = [...signIns, ...throttled];
    return { value: true, findings: findings.length > 0 ? findings : [ok('lanes', 'no worker waits for a lane')] };
  });
}

/** Of the app registration that is refused as a whole, or in one environment. */
function findCredential({ businessCentral }: Config, system: SystemName, address: string): CredentialName {
  if (system === 'dataverse') return system;
  const { applications, furtherCompanies } = businessCentral;
  const own = applications.find(({ app, isOfItsOwn }) => isOfItsOwn && address === `app registration ${app.clientId}`);
  const place = furtherCompanies.find((one) => toCompanyAddress(one) === address);
  return findCredentialName(businessCentral, { application: own?.name ?? place?.application });
}

import type { Database } from '../ledger/database.js';
import { createEnvironmentLedger, type RegisteredEnvironment } from '../ledger/settings/environments.js';
import type { Access } from '../process/access.js';
import type { Config } from '../process/config.js';
import { describeIdentity, isSame, type ReadableEnvironment } from '../process/environment-lock.js';
import { type Finding, notChecked, ok, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import { createStep, type Step } from './step.js';

/** What stands under a configured address now, compared with what is registered there; it registers nothing. */

export function examineEnvironments(
  title: string,
  needs: {
    readonly access: Step<Access>;
    readonly config: Step<Config>;
    readonly database: Step;
    readonly db: Step<Database>;
  },
  environmentOf: (config: Config, access: Access) => ReadableEnvironment,
): Step<true> {
  return createStep(title, needs, async ({ access, config, db }) => {
    const registered = await createEnvironmentLedger(db).list();
    const environment = environmentOf(config, access);
    const { system, address } = environment;
    const known = registered.find((one) => one.system === system && one.address === address);
    const finding = await compare(environment, known).catch((error: unknown) => toFinding(address, error));
    return { value: true, findings: [finding] };
  });
}

async function compare(
  { system, address, readIdentity }: ReadableEnvironment,
  registered: RegisteredEnvironment | undefined,
): Promise<Finding> {
  const found = await readIdentity();
  const accept = `\`dealbridge environments accept ${system} --by NAME\`, then start the worker again`;
  if (!found)
    return wrong(address, 'there is no such company', 'Correct the settings: page Companies shows the names.');
  const is = describeIdentity(found);
  if (!registered) return notChecked(address, `${is}; nothing is registered yet, the first start of a worker does it`);
  const was = describeIdentity(registered.identity);
  if (!isSame(registered.identity, found)) {
    const advice = `Correct the setting of the address; if the other environment is meant: ${accept}.`;
    return wrong(address, `registered ${was}, got ${is}: no deal goes on`, advice);
  }
  const unread = Object.keys(registered.identity).filter((name) => found[name] === undefined);
  if (unread.length > 0) {
    const advice = `Let the app registration read environments/v1.2 again; if it shall not: ${accept}.`;
    return wrong(address, `registered ${was}, could not read ${unread.join(', ')}: no deal goes on`, advice);
  }
  return ok(address, `${is}, as registered`);
}

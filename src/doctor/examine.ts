import { leaveBy } from '../clients/http/egress.js';
import type { Database } from '../ledger/database.js';
import type { Vault } from '../ledger/settings/vault.js';
import type { Config } from '../process/config.js';
import { toDataverseEnvironment } from '../process/environment-lock.js';
import { createFoundation, type Foundation } from '../process/foundation.js';
import type { KeyRing } from '../secrets/key-ring.js';
import { examineCompanies } from './companies.js';
import { examineConfiguration, examineKeys } from './configuration.js';
import { examineExpiry, examineToken } from './credentials.js';
import { examineDatabase } from './database.js';
import { examineEnvironments } from './environments.js';
import { examineFeeds } from './feeds.js';
import { examineClock, examineHost } from './hosts.js';
import { examineLanes } from './lanes.js';
import { examineRuns } from './runs.js';
import { examineChangeTracking, examineDataverse, examinePrivileges, examineSalesReads } from './sales.js';
import { examineColumns } from './sales-columns.js';
import { examineWebhooks } from './sales-webhooks.js';
import { examineStarter } from './starter.js';
import { createStep, type Step, toSilentTitle } from './step.js';
import { examineLoops, examineQueues, examineTemporal } from './temporal.js';
import { examineTrailKeys } from './trail-keys.js';
import { examineWitnesses } from './witnesses.js';

/** The whole examination, in the order in which it is told. It changes nothing anywhere. */

export interface Examination {
  readonly steps: readonly Step[];
  close(): Promise<void>;
}

export function createExamination(load: () => Config): Examination {
  const open: { close(): Promise<void> }[] = [];
  const keep = (one: { close(): Promise<void> }): void => {
    open.push(one);
  };
  const config = examineConfiguration(() => {
    const loaded = load();
    leaveBy(loaded.egress);
    return loaded;
  });
  const ids = examineKeys(config);
  // Opened as it is: whoever only looks migrates nothing.
  const foundation = silent<Foundation, { config: Step<Config>; ids: Step<unknown> }>({ config, ids }, (known) => {
    const made = createFoundation({ ...known.config, logLevel: 'fatal' }, 'doctor');
    keep(made);
    return made;
  });
  const db = silent<Database, { foundation: Step<Foundation> }>({ foundation }, (known) => known.foundation.database);
  const vault = silent<Vault, { foundation: Step<Foundation> }>({ foundation }, (known) => known.foundation.vault);
  const ring = silent<KeyRing, { foundation: Step<Foundation> }>({ foundation }, (known) => known.foundation.ring);

  const hosts = {
    entra: examineHost('host of entra', config, ({ dataverse }) => dataverse.app.loginOrigin),
    dataverse: examineHost('host of dataverse', config, ({ dataverse }) => dataverse.environmentUrl),
    'business central': examineHost('host of business central', config, (of) => of.businessCentral.environmentUrl),
  };
  const database = examineDatabase(db);
  const needs = { config, vault, host: hosts.entra, database };
  const dataverseToken = examineToken('dataverse', needs);
  const dataverse = examineDataverse(dataverseToken, keep);
  const companies = examineCompanies({ ...needs, token: examineToken('business-central', needs), db, keep });
  const temporal = examineTemporal(config, keep);
  return {
    steps: [
      config,
      ids,
      hosts.entra,
      hosts.dataverse,
      hosts['business central'],
      examineClock(hosts),
      database,
      examineExpiry({ config, vault, database, ids }),
      dataverseToken,
      companies.tokens,
      dataverse,
      examineEnvironments(
        'dataverse: identity',
        { access: dataverseToken, config, database, db },
        toDataverseEnvironment,
      ),
      examineSalesReads(dataverse, config),
      examineChangeTracking(dataverse),
      examinePrivileges(dataverse, config),
      examineColumns(dataverse, config),
      examineWebhooks(dataverse, config),
      ...companies.steps,
      temporal,
      examineQueues(temporal, config),
      examineRuns(temporal),
      examineLoops(temporal, config, companies),
      examineTrailKeys({ database, db, ids }),
      examineWitnesses({ config, database, db }),
      examineLanes({ database, db, config }),
      examineFeeds({ database, db, config }),
      examineStarter(config, ring),
    ],
    async close() {
      await Promise.all(open.map((one) => one.close()));
    },
  };
}

/** What other steps share and nobody has to be told of. */
function silent<T, N extends Readonly<Record<string, Step>>>(
  needs: N,
  make: (known: Parameters<Parameters<typeof createStep<T, N>>[2]>[0]) => T,
): Step<T> {
  return createStep<T, N>(toSilentTitle(needs), needs, async (known) => ({ findings: [], value: make(known) }));
}

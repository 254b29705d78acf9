import type { Logger } from 'pino';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import type { Clock } from '../../src/deal/clock.js';
import type { WonDeal } from '../../src/deal/deal.js';
import type { CredentialName } from '../../src/ledger/settings/vault.js';
import { loadConfig } from '../../src/process/config.js';
import { createFoundation } from '../../src/process/foundation.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { openSystems } from '../../src/worker/systems.js';
import { secretSettingsFor, settingsFor } from '../../tools/stage/settings.js';
import type { Counter } from './business-central.js';
import { loadProgressOf, unchanged } from './posting.js';

const WEBHOOK_SECRET = 'a-webhook-secret-for-tests';

export interface WorkerSystemsOptions {
  readonly settings?: NodeJS.ProcessEnv;
  /** The secrets stand in the ledger instead of the settings. */
  readonly secretsInLedger?: boolean;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** Both systems as a worker has them, and its steps of a document, without Temporal. */
export async function openWorkerSystems(counter: Counter, options: WorkerSystemsOptions = {}) {
  const { connection } = counter.simulators;
  const config = loadConfig({
    ...settingsFor(connection),
    ...(!options.secretsInLedger && secretSettingsFor(connection, WEBHOOK_SECRET)),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: counter.databaseUrl,
    DEALBRIDGE_KEYS: createKeyLine(),
    ENVIRONMENT_CHECK_SECONDS: '0',
    LOG_LEVEL: 'fatal',
    ...options.settings,
  });
  const created = createFoundation(config, 'test');
  const foundation = { ...created, ...(options.log && { log: options.log }) };
  const setSecret = (name: CredentialName, secret: string) =>
    foundation.vault.set({ name, credential: { kind: 'secret', secret }, actor: 'ann', overlapHours: 24 });
  if (options.secretsInLedger) {
    await setSecret('dataverse', connection.dataverseApp.clientSecret);
    await setSecret('business-central', connection.businessCentralApp.clientSecret);
  }
  const systems = await openSystems(config, foundation, options.clock);
  const steps = { ...systems.first, ledger: counter.ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  const drafts = createDraftSteps({ ...steps, rules: config.rules });
  return {
    dataverse: systems.dataverse,
    companyId: systems.first.companyId,
    setSecret,
    posting: createPostingSteps({ ...steps, ...unchanged, loadProgress: loadProgressOf(steps) }),
    createDraft: ({ recordId, revision }: WonDeal) =>
      drafts.createDraft({
        ...counter.context,
        kind: 'invoice',
        recordId,
        revision,
        customerId: counter.customerId,
        draftVersion: 1,
      }),
    async close() {
      await systems.close();
      await foundation.close();
    },
  };
}

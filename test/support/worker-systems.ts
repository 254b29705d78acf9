import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { loadConfig } from '../../src/process/config.js';
import { createFoundation } from '../../src/process/runtime.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { openSystems } from '../../src/worker/systems.js';
import { secretSettingsFor, settingsFor } from '../../tools/stage/settings.js';
import type { Counter } from './business-central.js';

/** Both systems as a worker has them, and its steps of a document, without Temporal. */
export async function openWorkerSystems(counter: Counter, settings: NodeJS.ProcessEnv = {}) {
  const { connection } = counter.simulators;
  const config = loadConfig({
    ...settingsFor(connection),
    ...secretSettingsFor(connection, 'a-webhook-secret-for-tests'),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: counter.databaseUrl,
    DEALBRIDGE_KEYS: createKeyLine(),
    ENVIRONMENT_CHECK_SECONDS: '0',
    LOG_LEVEL: 'fatal',
    ...settings,
  });
  const foundation = createFoundation(config, 'test');
  const systems = await openSystems(config, foundation);
  const steps = { ...systems.first, ledger: counter.ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  const drafts = createDraftSteps({ ...steps, rules: config.rules });
  return {
    dataverse: systems.dataverse,
    posting: createPostingSteps(steps),
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

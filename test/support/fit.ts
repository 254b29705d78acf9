import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { toCommandLinePerson } from '../../src/identity/person.js';
import { type Fit, fitDeals } from '../../src/operations/deals/fit.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { PLANTED, type PlantedReason, plantReasons, STRICT_RULES } from './planted-deals.js';
import { createSimulatedTokens } from './tokens.js';

const NOBODY_LINKED = {
  findLinks: async () => new Map(),
  findLinkedOthers: async () => [],
  isNewByDecision: async () => false,
  findAskedCustomer: async () => undefined,
};

export interface FittedStage {
  readonly simulators: Simulators;
  readonly fit: Fit;
  /** By reason, what was planted: another number for each, so that none is taken for another. */
  readonly counts: Readonly<Record<PlantedReason, number>>;
  readonly planted: number;
  /** For how long it was asked to wait. */
  readonly waited: readonly number[];
  close(): Promise<void>;
}

/** `fit` over so many won deals of which we know what is wrong with each. */
export async function fitPlantedDeals(
  documents: number,
  arrange: (simulators: Simulators) => void = () => undefined,
): Promise<FittedStage> {
  const counts = Object.fromEntries(PLANTED.map((reason, index) => [reason, index + 2])) as FittedStage['counts'];
  const simulators = await startSimulators({ documents });
  simulators.dataverse.webhooks.registrations.splice(0);
  plantReasons(simulators, counts);
  arrange(simulators);
  const { connection } = simulators;
  const dataverse = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  });
  const company = createBusinessCentralClient({
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    companyId: simulators.businessCentral.company.id,
    tokens: createSimulatedTokens(connection, connection.businessCentralApp),
    timeoutMs: 10_000,
  });
  const waited: number[] = [];
  const dependencies = {
    dataverse,
    companyOf: async () => company,
    ledger: NOBODY_LINKED,
    rules: parseRules(STRICT_RULES),
    clock: systemClock,
    wait: async (ms: number) => void waited.push(ms),
  };
  return {
    simulators,
    fit: await fitDeals(dependencies, toCommandLinePerson('ann'), { days: 90 }),
    counts,
    planted: Object.values(counts).reduce((sum, one) => sum + one, 0),
    waited,
    async close() {
      await Promise.all([dataverse.close(), company.close()]);
      await simulators.stop();
    },
  };
}

export function countReasons({ summary }: Fit): Readonly<Record<string, number>> {
  return Object.fromEntries(summary.reasons.map(({ reason, deals }) => [reason, deals]));
}

export function listWrites({ dataverse, businessCentral }: Simulators): string[] {
  return [...dataverse.requests, ...businessCentral.requests]
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
}

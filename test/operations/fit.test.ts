import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFitPage } from '../../src/cli/fit-page.js';
import { printFitSummary } from '../../src/cli/print-fit.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { toCommandLinePerson } from '../../src/identity/person.js';
import { type Fit, fitDeals } from '../../src/operations/deals/fit.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { PLANTED, type PlantedReason, plantReasons, STRICT_RULES } from '../support/planted-deals.js';
import { createSimulatedTokens } from '../support/tokens.js';

/** `fit` over won deals of which we know what is wrong with each. More of them by DEALBRIDGE_FIT_DEALS. */

const DEALS = Number(process.env['DEALBRIDGE_FIT_DEALS'] ?? '130');
/** Another number for each reason, so that none is taken for another. */
const counts = Object.fromEntries(PLANTED.map((reason, index) => [reason, index + 2])) as Record<PlantedReason, number>;
const planted = Object.values(counts).reduce((sum, one) => sum + one, 0);
const NOBODY_LINKED = {
  findLinks: async () => new Map(),
  findLinkedOthers: async () => [],
  isNewByDecision: async () => false,
};

let simulators: Simulators;
let fit: Fit;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  simulators = await startSimulators({ documents: DEALS });
  closing.push(() => simulators.stop());
  simulators.dataverse.webhooks.registrations.splice(0);
  plantReasons(simulators, counts);
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
  closing.push(
    () => dataverse.close(),
    () => company.close(),
  );
  const dependencies = {
    dataverse,
    companyOf: async () => company,
    ledger: NOBODY_LINKED,
    rules: parseRules(STRICT_RULES),
    clock: systemClock,
  };
  fit = await fitDeals(dependencies, toCommandLinePerson('ann'), { days: 90 });
}, 600_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

describe('fit', () => {
  it('counts every deal once, and every reason right', () => {
    const { summary } = fit;
    const found = Object.fromEntries(summary.reasons.map(({ reason, deals }) => [reason, deals]));
    expect(found).toEqual(counts);
    expect(summary.reasons.map(({ reason, alone }) => [reason, alone])).toEqual(
      summary.reasons.map(({ reason }) => [reason, counts[reason as PlantedReason]]),
    );
    expect(summary.deals).toBe(DEALS);
    expect(summary.untouched).toBe(DEALS - planted);
    expect(fit.unread).toEqual([]);
  });

  it('says how many go through when the reasons are cleared from the top', () => {
    let through = DEALS - planted;
    for (const { deals, throughAfter } of fit.summary.reasons) {
      through += deals;
      expect(throughAfter).toBe(through);
    }
    expect(through).toBe(DEALS);
  });

  it('writes nothing to either system', () => {
    const { dataverse, businessCentral } = simulators;
    expect(dataverse.requests.length).toBeGreaterThan(DEALS);
    expect([...dataverse.requests, ...businessCentral.requests].filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('names the masters that are missing, and the rules that would help', () => {
    expect(fit.customers.map(({ deals }) => deals)).toEqual([counts['customer-missing']]);
    expect(fit.items.map(({ deals }) => deals)).toEqual([counts['item-missing']]);
    expect(fit.proposedRules).toContain('createCustomers: true');
    expect(fit.proposedRules).toContain("unit 'Gitterbox' as GITTERBOX");
    const proposed = parseRules(fit.proposedRules);
    expect(proposed.policy).toMatchObject({ createCustomers: true, createItems: true });
  });

  it('prints names and numbers, and no GUID, for people', () => {
    const page = toFitPage(fit, new Date('2026-11-28T12:00:00Z'));
    for (const text of [printFitSummary(fit.summary), page]) {
      for (const reason of PLANTED) expect(text).toContain(reason);
      expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    }
    expect(page).not.toContain('<script');
  });
});

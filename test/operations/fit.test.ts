import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFitPage } from '../../src/cli/fit-page.js';
import { printFitSummary } from '../../src/cli/print-fit.js';
import { parseRules } from '../../src/process/config.js';
import { countReasons, type FittedStage, fitPlantedDeals, listWrites } from '../support/fit.js';
import { PLANTED, type PlantedReason } from '../support/planted-deals.js';

const DEALS = 130;
let stage: FittedStage;

beforeAll(async () => {
  stage = await fitPlantedDeals(DEALS, ({ businessCentral, data }) => {
    const absent = data.accounts.find((account) => !account.isInBusinessCentral);
    // The customer is there, under a number that somebody typed otherwise, and with its legal form.
    const [some] = [...businessCentral.company.all('customers')];
    businessCentral.company.insert('customers', {
      ...some,
      id: randomUUID(),
      number: 'X-1',
      displayName: `${absent?.name} GmbH`,
    });
    const effect = { kind: 'status', status: 429, headers: { 'retry-after': '7' } } as const;
    businessCentral.faults.add({ match: { path: '/customers' }, nth: 20, effect });
  });
});
afterAll(() => stage?.close());

describe('fit', () => {
  it('counts every deal once, and every reason right', () => {
    const { fit, counts, planted } = stage;
    const { summary } = fit;
    expect(countReasons(fit)).toEqual(counts);
    expect(summary.reasons.map(({ reason, alone }) => [reason, alone])).toEqual(
      summary.reasons.map(({ reason }) => [reason, counts[reason as PlantedReason]]),
    );
    expect(summary.deals).toBe(DEALS);
    expect(summary.untouched).toBe(DEALS - planted);
    expect(fit.unread).toEqual([]);
  });

  it('says how many go through when the reasons are cleared from the top', () => {
    let through = DEALS - stage.planted;
    for (const { deals, throughAfter } of stage.fit.summary.reasons) {
      through += deals;
      expect(throughAfter).toBe(through);
    }
    expect(through).toBe(DEALS);
  });

  it('writes nothing to either system', () => {
    expect(stage.simulators.dataverse.requests.length).toBeGreaterThan(DEALS);
    expect(listWrites(stage.simulators)).toEqual([]);
  });

  it('waits as long as it is told when it asks too much, and goes on', () => {
    expect(stage.waited).toEqual([7_000]);
  });

  it('names the masters that are missing, and the rules that would help', () => {
    const { fit, counts } = stage;
    expect(fit.customers.map(({ deals }) => deals)).toEqual([counts['customer-missing']]);
    expect(fit.customers[0]?.near).toMatchObject({ number: 'X-1', why: 'the same name' });
    expect(fit.items.map(({ deals }) => deals)).toEqual([counts['item-missing']]);
    expect(fit.proposedRules).toContain('createCustomers: true');
    expect(fit.proposedRules).toContain("unit 'Gitterbox' as");
    const proposed = parseRules(fit.proposedRules);
    expect(proposed.policy).toMatchObject({ createCustomers: true, createItems: true });
  });

  it('prints names and numbers, and no GUID, for people', () => {
    const { fit } = stage;
    const page = toFitPage(fit, new Date('2026-11-28T12:00:00Z'));
    for (const text of [printFitSummary(fit.summary), page]) {
      for (const reason of PLANTED) expect(text).toContain(reason);
      expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    }
    expect(page).not.toContain('<script');
  });
});

import type { SeedAccount, SeedProduct } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountWorkflowId, productWorkflowId } from '../../src/deal/ids.js';
import { createDriftLedger, type DriftLedger, type StoredDifference } from '../../src/ledger/masters/drift.js';
import type { DriftResult } from '../../src/workflows/masters/report-drift.js';
import { keepHistory } from '../support/histories.js';
import { createMasterDataEditor } from '../support/master-data.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let masterData: ReturnType<typeof createMasterDataEditor>;
let drift: DriftLedger;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/drift.yaml' });
  masterData = createMasterDataEditor(stage);
  drift = createDriftLedger(stage.database, stage.simulators.businessCentral.company.id);
  const { accounts, products } = stage.simulators.data;
  // By the rule `match: number`, without a person.
  const matched = await stage.temporal.workflow.execute('matchAccounts', {
    workflowId: 'match-accounts',
    taskQueue: 'deals',
    args: [],
  });
  const known = accounts.filter((one) => one.isInBusinessCentral).length;
  expect(matched).toMatchObject({ accounts: accounts.length, linked: known });
  for (const one of products) if (one.isInBusinessCentral) await masterData.link('item', one.id, one.number);
});
afterAll(() => stage?.close());

let runs = 0;
async function report(fixes = false): Promise<DriftResult & { readonly differences: StoredDifference[] }> {
  runs += 1;
  const result: DriftResult = await stage.temporal.workflow.execute('reportDrift', {
    workflowId: `drift-${runs}`,
    taskQueue: 'deals',
    args: [{ fixes }],
  });
  return { ...result, differences: await drift.listDifferences(result.runId, 1_000) };
}

/** Waits for the runs of all rows that were told. */
async function untilRepaired(differences: readonly StoredDifference[]): Promise<void> {
  for (const { kind, rowId, winner } of differences) {
    if (winner === 'person') continue;
    await masterData.untilEnded(kind === 'product' ? productWorkflowId(rowId) : accountWorkflowId(rowId));
  }
}

interface Planted {
  readonly rowId: string;
  readonly field: string;
  readonly winner: string;
}

const keyOf = ({ rowId, field, winner }: Planted): string => `${rowId} ${field} ${winner}`;

/** Fifty differences of every kind that there is; what a person must decide comes with the way to decide it. */
function plant(): { planted: Planted[]; decide: (() => void)[] } {
  const { data, dataverse, businessCentral } = stage.simulators;
  const { company } = businessCentral;
  const known = data.accounts.filter((one) => one.isInBusinessCentral).values();
  const strangers = data.accounts.filter((one) => !one.isInBusinessCentral).values();
  const items = data.products.filter((one) => one.isInBusinessCentral && one.isActive).values();
  const planted: Planted[] = [];
  const decide: (() => void)[] = [];
  const take = <T>(from: IterableIterator<T>): T => {
    const { value, done } = from.next();
    if (done) throw new Error('the seed is too small');
    return value;
  };
  const times = <T extends SeedAccount | SeedProduct>(
    count: number,
    from: IterableIterator<T>,
    field: string,
    winner: 'sales' | 'business-central' | 'person',
    work: (one: T, index: number) => void,
  ): void => {
    for (let index = 0; index < count; index += 1) {
      const one = take(from);
      work(one, index);
      planted.push({ rowId: one.id, field, winner });
    }
  };
  const remove = (set: string, number: string): void => {
    const row = company.findByNumber(set, number);
    if (row) company.remove(set, row);
  };

  times(10, known, 'phoneNumber', 'sales', (one, index) =>
    masterData.changeSales('account', one.id, { telephone1: `+49 30 ${1000 + index}` }),
  );
  times(8, known, 'city', 'sales', (one) =>
    masterData.changeBusinessCentral('customers', one.number, { city: 'Nowhere' }),
  );
  times(5, known, 'website', 'business-central', (one) =>
    masterData.changeBusinessCentral('customers', one.number, {
      website: `https://${one.number.toLowerCase()}.example`,
    }),
  );
  times(5, known, 'email', 'business-central', (one) =>
    masterData.changeBusinessCentral('customers', one.number, { email: `new-${one.email}` }),
  );
  times(4, known, 'displayName', 'person', (one) => {
    masterData.changeSales('account', one.id, { name: `${one.name} in Sales` });
    masterData.changeBusinessCentral('customers', one.number, { displayName: `${one.name} in Business Central` });
    decide.push(() => masterData.changeSales('account', one.id, { name: `${one.name} in Business Central` }));
  });
  times(3, known, 'blocked', 'sales', (one) =>
    masterData.changeSales('account', one.id, { statecode: 1, statuscode: 2 }),
  );
  times(2, known, 'row', 'sales', (one) => {
    const row = dataverse.store.find('account', one.id);
    if (row) dataverse.store.remove(dataverse.store.schema.table('account'), row);
  });
  times(2, known, 'row', 'person', (one) => {
    remove('customers', one.number);
    decide.push(() => {
      const forget = `DELETE FROM links WHERE kind = 'customer' AND company_id = $1 AND sales_id = $2`;
      void stage.database.query(forget, [company.id, one.id]);
    });
  });
  times(1, known, 'merged', 'sales', (one) =>
    masterData.changeSales('account', one.id, {
      merged: true,
      masterid: take(strangers).id,
      statecode: 1,
      statuscode: 2,
    }),
  );
  times(2, known, 'city', 'person', (one) => {
    masterData.changeSales('account', one.id, { address1_city: 'A'.repeat(31) });
    decide.push(() => masterData.changeSales('account', one.id, { address1_city: one.city }));
  });
  times(1, known, 'country', 'person', (one) => {
    masterData.changeSales('account', one.id, { address1_country: 'Atlantis' });
    decide.push(() => masterData.changeSales('account', one.id, { address1_country: one.country }));
  });
  times(4, items, 'displayName', 'sales', (one) =>
    masterData.changeSales('product', one.id, { name: `${one.name} II` }),
  );
  times(2, items, 'blocked', 'sales', (one) =>
    masterData.changeSales('product', one.id, { statecode: 1, statuscode: 2 }),
  );
  times(1, items, 'blocked', 'person', (one) => {
    masterData.changeBusinessCentral('items', one.number, { blocked: true });
    decide.push(() => masterData.changeBusinessCentral('items', one.number, { blocked: false }));
  });
  return { planted, decide };
}

describe('the drift report', () => {
  it('finds what the seed left behind, repairs it, and is clean then', async () => {
    const first = await report(true);
    // Products that were retired before anybody kept them in agreement.
    const retired = stage.simulators.data.products.filter((one) => !one.isActive && one.isInBusinessCentral);
    expect(first.differences.map(({ rowId, field }) => `${rowId} ${field}`).sort()).toEqual(
      retired.map(({ id }) => `${id} blocked`).sort(),
    );
    await untilRepaired(first.differences);
    expect((await report()).differences).toEqual([]);
  });

  it('finds fifty planted differences, none that was not planted, repairs them, and is clean then', async () => {
    const { planted, decide } = plant();
    expect(planted).toHaveLength(50);
    const found = await report();
    expect(found.differences.map(keyOf).sort()).toEqual(planted.map(keyOf).sort());
    expect(found.found).toEqual({ sales: 30, 'business-central': 10, person: 10 });
    // 300 accounts, 198 customers and as many products and items in pages of 60: far from a request for each.
    expect(found.requests).toBeLessThan(40);

    const fixed = await report(true);
    expect(fixed.notified).toBe(40);
    await keepHistory(stage, `drift-${runs}`, 'drift-repaired');
    await untilRepaired(fixed.differences);
    const rest = await report();
    expect(rest.differences.map(keyOf).sort()).toEqual(
      planted
        .filter(({ winner }) => winner === 'person')
        .map(keyOf)
        .sort(),
    );
    for (const work of decide) work();
    expect((await report()).differences).toEqual([]);
    expect((await drift.findLastRun())?.found).toEqual({});
  });
});

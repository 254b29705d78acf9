import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DealProgress } from '../../src/activities/deals/ledger.js';
import type { DealSummary } from '../../src/activities/deals/sales.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { statusQuery } from '../../src/workflows/deals/messages.js';
import type { handOverDeal } from '../../src/workflows/index.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const FRESH: DealProgress = {
  state: 'seen',
  isHandedOver: false,
  revision: undefined,
  documentId: undefined,
  documentKind: 'invoice',
  isClosed: false,
  draftVersion: 1,
  settleMs: 0,
  invoices: [],
  writesColumns: false,
  closesOrder: false,
};

const ONLY_READ: Omit<DealSummary, 'recordId' | 'revision' | 'state' | 'problems'> = {
  table: 'quote',
  number: 'QUO-01001',
  ancestors: [],
  descendants: [],
  customer: undefined,
  products: [],
  total: '0',
  currency: 'EUR',
  policy: {
    confirmation: { by: 'person' },
    createCustomers: false,
    createItems: false,
    createContacts: false,
    writeOpportunityColumns: false,
    documentKind: 'invoice',
    orderPosting: 'warehouse',
  },
  settleMs: 0,
  fingerprint: 'fingerprint',
  mapping: 'mapping',
};

describe('a held deal', () => {
  it('is looked at again every hour, though nobody says a word, and goes on when what blocked it is gone', async () => {
    const recordId = randomUUID();
    const states: string[] = [];
    let readings = 0;
    skipping.answerWith({
      loadDealProgress: () => FRESH,
      recordState: ({ state }) => void states.push(state),
      claimDeal: () => ({ kind: 'carrier', masters: { customer: undefined, unknownProducts: [] } }),
      readDeal: () => {
        readings += 1;
        const isOpen = readings > 3;
        return {
          ...ONLY_READ,
          recordId,
          revision: `W/"${readings}"`,
          state: isOpen ? 'open' : 'won',
          problems: isOpen ? [] : [{ reason: 'customer-missing', text: 'no account' }],
        };
      },
    });
    const handle = await skipping.env.client.workflow.start<typeof handOverDeal>('handOverDeal', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: recordId,
      args: [{ table: 'quote', recordId }],
    });
    const status = () => handle.query(statusQuery);
    await expect.poll(async () => (await status()).state).toBe('held');
    expect((await status()).problems).toMatchObject([{ reason: 'customer-missing', owner: 'master data' }]);
    expect(readings).toBe(1);
    await skipping.env.sleep('150 minutes');
    await expect.poll(() => readings).toBe(3);
    expect(await handle.result()).toEqual({ outcome: 'seen' });
    expect(states).toEqual(['held', 'reading', 'held', 'reading', 'held', 'reading', 'seen']);
  });
});

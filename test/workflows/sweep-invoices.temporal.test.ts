import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import type { sweepInvoices } from '../../src/workflows/index.js';
import { openTimeSkipping, type StandIns, type TimeSkipping } from '../support/time-skipping.js';

describe('the sweep of the open invoices of a company', () => {
  let skipping: TimeSkipping;
  beforeAll(async () => {
    skipping = await openTimeSkipping();
  });
  afterAll(() => skipping.close());

  const BEGAN_AT = '2026-01-31T08:00:00.000Z';
  const COMPANY = { companyId: 'company-1' };

  /** What the ledger holds as open and the pages do not show; `missing` is not in Business Central's list either. */
  async function sweep(unmet: readonly string[][], missing: readonly string[], more: StandIns = {}) {
    const asked: unknown[] = [];
    skipping.answerWith({
      readOpenInvoicePage: async (input) => {
        asked.push({ open: input });
        return { beganAt: BEGAN_AT, found: 2, notified: 1, next: input.next === undefined ? 'n-1' : undefined };
      },
      listUnmetInvoices: async ({ after }) => {
        asked.push({ after });
        return unmet[unmet.findIndex((page) => page.at(-1) === after) + 1] ?? [];
      },
      readUnmetInvoices: async ({ beganAt, invoiceIds }) => {
        asked.push({ beganAt, invoiceIds });
        return { notified: 1, missing: invoiceIds.filter((id) => missing.includes(id)), showsPosted: true };
      },
      readMissingInvoice: async ({ beganAt, invoiceId }) => {
        asked.push({ beganAt, invoiceId });
        return 'gone' as const;
      },
      ...more,
    });
    const result = await skipping.env.client.workflow.execute<typeof sweepInvoices>('sweepInvoices', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: randomUUID(),
      args: [COMPANY],
    });
    return { asked, result };
  }

  it('reads every page, then what the ledger holds as open and no page showed, all as of its beginning', async () => {
    const { asked, result } = await sweep([['a', 'b'], ['c']], []);
    expect(asked).toEqual([
      { open: COMPANY },
      { open: { ...COMPANY, next: 'n-1', beganAt: BEGAN_AT } },
      { after: undefined },
      { beganAt: BEGAN_AT, invoiceIds: ['a', 'b'] },
      { after: 'b' },
      { beganAt: BEGAN_AT, invoiceIds: ['c'] },
      { after: 'c' },
    ]);
    expect(result).toEqual({ found: 4, unmet: 3, gone: 0, notified: 4 });
  });

  it('asks Business Central for nothing more when it met all that is open', async () => {
    const { asked, result } = await sweep([], []);
    expect(asked.slice(2)).toEqual([{ after: undefined }]);
    expect(result).toEqual({ found: 4, unmet: 0, gone: 0, notified: 2 });
  });

  it('looks once more for what the list does not have, and goes on', async () => {
    const { asked, result } = await sweep([['a', 'b'], ['c']], ['b']);
    expect(asked).toContainEqual({ beganAt: BEGAN_AT, invoiceId: 'b' });
    expect(asked).toContainEqual({ beganAt: BEGAN_AT, invoiceIds: ['c'] });
    expect(result).toMatchObject({ unmet: 3, gone: 1 });
  });

  it('counts nothing as gone that was found after all', async () => {
    const { result } = await sweep([['a']], ['a'], { readMissingInvoice: async () => 'found' as const });
    expect(result).toMatchObject({ unmet: 1, gone: 0 });
  });

  it('stops asking while no posted invoice of the company shows', async () => {
    let pages = 0;
    const { asked, result } = await sweep([['a'], ['b']], [], {
      readUnmetInvoices: async ({ invoiceIds }) => {
        pages += 1;
        return { notified: 0, missing: invoiceIds, showsPosted: false };
      },
    });
    expect(pages).toBe(1);
    expect(asked).not.toContainEqual({ after: 'a' });
    expect(result).toMatchObject({ unmet: 1, gone: 0 });
  });

  it('looks for a hundred missing ones at most; the others wait for the next sweep', async () => {
    const pages = Array.from({ length: 6 }, (_, page) => Array.from({ length: 20 }, (_, place) => `${page}-${place}`));
    const { result } = await sweep(pages, pages.flat());
    expect(result).toMatchObject({ unmet: 120, gone: 100 });
  });
});

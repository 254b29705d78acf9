import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostInput } from '../../src/activities/documents/confirmed-write.js';
import type { Actor } from '../../src/deal/actor.js';
import type { Policy, RecordRef } from '../../src/deal/deal.js';
import { REFUSED } from '../../src/deal/failure-types.js';
import { cancelUpdate, retryUpdate } from '../../src/workflows/deals/messages.js';
import { type DealRun, type DealWorld, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** The run of a deal that nobody knew takes few steps, and leaves nothing out. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const BY_RULE = { confirmation: { by: 'rule' } } as const;

/** Customer and items are known, the record is claimed as it is read, and its draft is made without a doubt. */
function makeKnownWorld(policy: Partial<Policy> = {}) {
  const world = makeDealWorld(skipping, { ...BY_RULE, ...policy });
  world.books.isCertain = true;
  const { beginDeal } = world.standIns;
  const masters = { customer: { id: 'customer-1', number: 'C-1' }, unknownProducts: [] };
  Object.assign(world.standIns, {
    beginDeal: async (ref: RecordRef) => {
      const { deal, ...rest } = await beginDeal(ref);
      return { ...rest, ...(deal && { deal: { ...deal, claim: { kind: 'carrier', masters } } }) };
    },
  });
  return world;
}

/** Who confirms with the posting, each time it is asked for. */
function watchPosting({ standIns }: DealWorld): (Actor | undefined)[] {
  const given: (Actor | undefined)[] = [];
  const { post } = standIns;
  Object.assign(standIns, {
    post: (input: PostInput) => {
      given.push(input.confirmedBy);
      return post(input);
    },
  });
  return given;
}

const isMarker = ({ markerRecordedEventAttributes: marker }: { markerRecordedEventAttributes?: unknown }) => marker;
const countLocalSteps = async ({ handle }: DealRun) =>
  ((await handle.fetchHistory()).events ?? []).filter(isMarker).length;

describe('a deal of thousands of products', () => {
  it('reads them page by page, and goes on in another run before its history is long', async () => {
    const world = makeDealWorld(skipping, { ...BY_RULE, createItems: true });
    const all = Array.from({ length: 540 }, (_none, index) => ({ productId: `p-${index}`, number: `P-${index}` }));
    const created = new Set<string>();
    const pageOf = (from: number) => {
      const left = all.filter(({ productId }, index) => index >= from && !created.has(productId));
      const [next] = left.slice(270);
      return { products: left.slice(0, 270), ...(next && { nextProduct: all.indexOf(next) }) };
    };
    const asked: string[] = [];
    Object.assign(world.standIns, {
      claimDeal: async () => {
        const { products, ...rest } = pageOf(0);
        return { kind: 'carrier', masters: { customer: { id: 'c', number: 'C' }, unknownProducts: products, ...rest } };
      },
      listProducts: async ({ from, which }: { readonly from: number; readonly which: string }) => {
        asked.push(`${which} from ${from}`);
        return pageOf(from);
      },
      findItems: async ({ products }: { readonly products: readonly object[] }) => ({ missing: products, blocked: [] }),
      createItem: async ({ productId }: { readonly productId: string }) => void created.add(productId),
    });
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(created.size).toBe(all.length);
    expect(asked).toEqual(['unknown from 270']);
    const first = skipping.env.client.workflow.getHandle(world.recordId, deal.firstRunId);
    const { events = [] } = await first.fetchHistory();
    expect(events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
    expect(events?.length).toBeLessThan(4_000);
  });
});

describe('a new deal that a rule confirms', () => {
  it('takes five steps, each of one request, and none for the ledger alone', async () => {
    const world = makeKnownWorld();
    const deal = await world.start({ isNew: true });
    expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.calls).toEqual(['beginDeal', 'createDraft', 'post', 'readPosted', 'createInvoiceRow']);
    expect(await countLocalSteps(deal)).toBe(0);
    expect(world.rows).toEqual(['draft-1']);
  });

  it('is confirmed by the step that posts it, with the name of the rule', async () => {
    const world = makeKnownWorld();
    const given = watchPosting(world);
    await (await world.start({ isNew: true })).handle.result();
    expect(given).toEqual([{ name: 'rule', source: 'rule', isVerified: true }]);
    expect(world.trail).toEqual([]);
  });

  it('is confirmed by the posting also after a hold that came before anything was recorded (I10)', async () => {
    const world = makeKnownWorld();
    const given = watchPosting(world);
    world.refuse('post', { reason: 'company-unknown', text: 'the company is gone' });
    const deal = await world.start({ isNew: true });
    await deal.until('held');
    world.refuse('post', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.handle.result();
    expect(given).toEqual([{ name: 'rule', source: 'rule', isVerified: true }]);
  });

  it('is confirmed before in the ledger where anything about its draft is uncertain', async () => {
    const world = makeKnownWorld();
    world.books.isCertain = false;
    const given = watchPosting(world);
    await (await world.start({ isNew: true })).handle.result();
    expect(given).toEqual([undefined]);
    expect(world.trail).toEqual([
      expect.objectContaining({ action: 'confirm', actor: expect.objectContaining({ name: 'rule' }) }),
    ]);
  });

  it('leaves an order to the warehouse with its confirmation in the ledger', async () => {
    const world = makeKnownWorld({ documentKind: 'order', orderPosting: 'warehouse' });
    await (await world.start({ isNew: true })).handle.result();
    expect(world.states).toEqual(expect.arrayContaining(['confirmed', 'awaiting-shipment']));
  });

  it('goes on from what the ledger has, should it hold more by now', async () => {
    const world = makeDealWorld(skipping, BY_RULE);
    await (await world.start()).handle.result();
    const before = world.calls.length;
    await (await world.start({ isNew: true })).handle.result();
    expect(world.calls.slice(before)).toContain('beginDeal');
    expect(world.books.made).toBe(1);
    expect(world.books.posted).toHaveLength(1);
  });

  it('is held when Sales refuses its record, and can be cancelled then', async () => {
    const world = makeDealWorld(skipping, BY_RULE);
    const refused = async (): Promise<never> => {
      throw ApplicationFailure.nonRetryable('no right to read it', REFUSED, {
        reason: 'refused-by-sales',
        text: 'no right',
      });
    };
    Object.assign(world.standIns, { beginDeal: refused, readDeal: refused });
    const deal = await world.start({ isNew: true });
    await deal.until('held');
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'a test order' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
  });
});

import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { BcError } from '@dealbridge/simulators/business-central/errors.js';
import { createDocument } from '@dealbridge/simulators/business-central/headers.js';
import { postDraft } from '@dealbridge/simulators/business-central/posting.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAdditions } from '../../tools/chaos/additions.js';
import { chooseDeals, type Deal } from '../../tools/chaos/deals.js';
import { effectOf } from '../../tools/chaos/effects.js';
import { makePlan, readRuleId } from '../../tools/chaos/plan.js';
import { type Bookkeeper, createBookkeeper, SETUPS } from '../../tools/chaos/refusals.js';

/** What either system refuses until a person has mended it. */

let simulators: Simulators;
let deals: Deal[];
let clock = 0;
let bookkeeper: Bookkeeper;

beforeAll(async () => {
  simulators = await startSimulators({ seed: 7, products: 20, accounts: 12, documents: 60 });
  deals = chooseDeals(simulators, { deals: 8, orders: 0, cases: new Map(), roll: () => 0.1 });
});
afterAll(() => simulators.stop());
beforeEach(() => {
  bookkeeper = createBookkeeper(simulators, deals, () => clock);
});

function bill(customerNumber: string): () => void {
  const { company } = simulators.businessCentral;
  return () =>
    company.transact(() =>
      postDraft(
        company,
        createDocument(company, 'invoice', {
          customerNumber,
          salesInvoiceLines: [{ lineType: 'Account', lineObjectNumber: '8400', quantity: 1, unitPrice: 1 }],
        }),
      ),
    );
}

const known = (): string => {
  const found = deals.find(({ account }) => account.isInBusinessCentral);
  if (!found) throw new Error('no account of the seed is in Business Central');
  return found.account.number;
};

describe('the plan of refusals', () => {
  it('has rights that are missing on both sides, and each set-up at least once in a small run', () => {
    const { rules, kills } = makePlan(5, 12, 2, parseAdditions('refusals'));
    for (const system of ['dataverse', 'businessCentral'] as const)
      expect(rules[system].filter(({ id }) => readRuleId(id ?? '').effect === '403').length).toBeGreaterThan(3);
    const which = kills.filter(({ what }) => what === 'setup').map((kill) => SETUPS[kill.which % SETUPS.length]);
    expect(new Set(which)).toEqual(new Set(SETUPS));
  });

  it('has none of them in the usual run', () => {
    const { rules, kills } = makePlan(5, 200, 2);
    const effects = Object.values(rules)
      .flat()
      .map(({ id }) => readRuleId(id ?? '').effect);
    expect(effects).not.toContain('403');
    expect(kills.map(({ what }) => what)).not.toContain('setup');
  });
});

describe('the bookkeeper', () => {
  it('closes the period, and opens it when a deal waits for that, though not at once', () => {
    bookkeeper.close('period');
    expect(bill(known())).toThrow('not within your range of allowed posting dates');
    expect(bookkeeper.isDone()).toBe(false);
    expect(bookkeeper.mend('period-closed', '')).toBe(false);
    clock += 5_000;
    expect(bookkeeper.mend('period-closed', '')).toBe(true);
    expect(bookkeeper.isDone()).toBe(true);
    expect(bill(known())).not.toThrow();
    expect(bookkeeper.closed).toEqual({ period: 1, customers: 0 });
  });

  it('blocks customers that are about to be billed, and unblocks them when no deal waits for it either', () => {
    bookkeeper.close('customers');
    expect(bookkeeper.closed.customers).toBeGreaterThan(0);
    expect(bill(known())).toThrow(BcError);
    clock += 14_000;
    bookkeeper.work();
    expect(bookkeeper.isDone()).toBe(false);
    clock += 1_000;
    bookkeeper.work();
    expect(bookkeeper.isDone()).toBe(true);
    expect(bill(known())).not.toThrow();
  });

  it('takes a right that is missing for mended, and a sign-in that is refused for nothing to mend', () => {
    for (const system of ['dataverse', 'businessCentral'] as const) {
      const effect = effectOf(system, '403');
      const { error } =
        effect.kind === 'status' ? (effect.body as { error: { message: string } }) : { error: undefined };
      expect(bookkeeper.mend('permission', error?.message ?? '')).toBe(true);
    }
    expect(bookkeeper.mend('permission', 'The server has rejected the client credentials.')).toBe(false);
    expect(bookkeeper.mend('totals-differ', 'line 1')).toBe(false);
  });
});

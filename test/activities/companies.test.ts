import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { ensureCompanyStands } from '../../src/activities/documents/drafts.js';
import { findRefusals } from '../../src/activities/remote/failures.js';
import { type Company, createCompanies } from '../../src/activities/routing/companies.js';
import { routeByCompany } from '../../src/activities/routing/route-steps.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { CompanyPlace } from '../../src/deal/companies.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { writeKey } from '../../src/deal/ids.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter, openSubscriptions } from '../support/business-central.js';
import { makeDeal } from '../support/won-deal.js';

/** Which company a step works in. */

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const HOME = { company: 'Home', environment: 'Production' };
const { companies: rules } = parseRules(`
companies:
  - { company: Dollars, environment: US, when: { currency: USD } }
  - { company: Pounds, when: { currency: GBP } }
`);

function toCompany(companyId: string): Company {
  const { client, simulators } = counter;
  return {
    companyId,
    businessCentral: client,
    subscriptions: openSubscriptions(simulators),
    sets: createReferenceSets({ readCodes: (set) => client.readCodes(set) }),
  };
}

/** A company that a rule named once. */
const gone = randomUUID();

function openCompanies(open: (place: CompanyPlace) => Promise<Company>) {
  const asked: string[] = [];
  const companies = createCompanies({
    first: toCompany(counter.companyId),
    firstPlace: HOME,
    places: [
      { company: 'Dollars', environment: 'US' },
      { company: 'Pounds', environment: 'Production' },
    ],
    rules,
    open: (place) => {
      asked.push(place.company);
      return open(place);
    },
    nameCompany: async (id) => (id === gone ? 'Marks' : id),
  });
  return { companies, asked };
}

const refusalsOf = (work: Promise<unknown>) => work.then(() => [], findRefusals);

describe('a company', () => {
  it('is opened when the first deal needs it, and once', async () => {
    const { companies, asked } = openCompanies(async () => toCompany(randomUUID()));
    expect((await companies.choose(makeDeal({ currency: 'EUR' }))).companyId).toBe(counter.companyId);
    expect(asked).toEqual([]);
    const dollars = makeDeal({ currency: 'USD' });
    const [one, other] = await Promise.all([companies.choose(dollars), companies.choose(dollars)]);
    expect(one).toBe(other);
    expect(asked).toEqual(['Dollars']);
  });

  it('that could not be reached is asked again by the next deal', async () => {
    let isThere = false;
    const { companies, asked } = openCompanies(async () => {
      if (!isThere) throw new RemoteApiError('business-central', 'unavailable', 'look the company up', {});
      return toCompany(randomUUID());
    });
    const dollars = makeDeal({ currency: 'USD' });
    await expect(companies.choose(dollars)).rejects.toMatchObject({ type: 'business-central/unavailable' });
    isThere = true;
    await companies.choose(dollars);
    expect(asked).toEqual(['Dollars', 'Dollars']);
  });

  it('that does not exist is a matter for IT', async () => {
    const { companies } = openCompanies(async () => {
      throw new RemoteApiError(
        'business-central',
        'not-found',
        "look the company up: 'Dollars' is none of 'Cents'",
        {},
      );
    });
    expect(await refusalsOf(companies.choose(makeDeal({ currency: 'USD' })))).toMatchObject([
      { reason: 'company-unknown', text: expect.stringContaining("none of 'Cents'") },
    ]);
  });

  it('with the id of another one is a copy of it, and is refused', async () => {
    const { companies } = openCompanies(async () => toCompany(counter.companyId));
    expect(await refusalsOf(companies.choose(makeDeal({ currency: 'USD' })))).toMatchObject([
      { reason: 'company-unknown', text: 'us / Dollars and production / Home have one id: one is a copy of the other' },
    ]);
  });
});

describe('the company of a step', () => {
  const where = async (pounds: string) => {
    const { companies } = openCompanies(async ({ company }) => toCompany(company === 'Pounds' ? pounds : randomUUID()));
    return routeByCompany(companies, ({ companyId }) => ({
      where: async (_input: { readonly companyId: string }) => companyId,
    }));
  };

  it('is the one that its input names, also by a worker that has opened none yet', async () => {
    const pounds = randomUUID();
    const steps = await where(pounds);
    expect(await steps.where({ companyId: pounds })).toBe(pounds);
    expect(await steps.where({ companyId: counter.companyId })).toBe(counter.companyId);
  });

  it('is found though a company that stands before it in the rules cannot be reached', async () => {
    const pounds = randomUUID();
    const { companies } = openCompanies(async ({ company }) => {
      if (company === 'Pounds') return toCompany(pounds);
      throw new RemoteApiError('business-central', 'forbidden', 'look the company up', {});
    });
    expect((await companies.withId(pounds)).companyId).toBe(pounds);
    // It may be the one that cannot be reached.
    expect(await refusalsOf(companies.withId(randomUUID()))).toMatchObject([
      { text: expect.stringContaining('look the company up') },
    ]);
  });

  it('is waited for while it is throttled, though one that stands before it in the rules was deleted for ever', async () => {
    const pounds = randomUUID();
    let isThrottled = true;
    const { companies } = openCompanies(async ({ company }) => {
      if (company === 'Dollars')
        throw new RemoteApiError('business-central', 'not-found', "'Dollars' is none of 'Cents'", {});
      if (isThrottled)
        throw new RemoteApiError('business-central', 'throttled', 'look the company up', { retryAfterMs: 5_000 });
      return toCompany(pounds);
    });
    await expect(companies.withId(pounds)).rejects.toMatchObject({
      type: 'business-central/throttled',
      nonRetryable: false,
    });
    isThrottled = false;
    expect((await companies.withId(pounds)).companyId).toBe(pounds);
    expect(await refusalsOf(companies.withId(randomUUID()))).toMatchObject([
      { text: expect.stringContaining("none of 'Cents'") },
    ]);
  });

  it('is refused when no rule names it any more: no other company stands in', async () => {
    const steps = await where(randomUUID());
    expect(await refusalsOf(steps.where({ companyId: gone }))).toMatchObject([
      { reason: 'company-unknown', text: 'no rule names the company Marks, to which the record belongs' },
    ]);
    // What a run of another version would send: nothing that names a company.
    expect(await refusalsOf(steps.where({} as never))).toMatchObject([{ reason: 'company-unknown' }]);
  });

  it('cannot be left out: a step whose input names none does not compile', async () => {
    const { companies } = openCompanies(async () => toCompany(randomUUID()));
    // @ts-expect-error the input of the step names no company
    routeByCompany(companies, () => ({ where: async (_input: { readonly recordId: string }) => 'anywhere' }));
    const steps = await where(randomUUID());
    // @ts-expect-error the call names no company
    expect(await refusalsOf(steps.where({ company: counter.companyId }))).toMatchObject([
      { reason: 'company-unknown' },
    ]);
  });
});

describe('a draft after a draft', () => {
  const open = (companyId: string) => {
    const { client: businessCentral, ledger } = counter;
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const common = { businessCentral, ledger, clock: systemClock, rules: parseRules(''), ambiguityWindowMs: 0, sets };
    return createDraftSteps({ ...common, companyId });
  };
  const toInput = ({ recordId, revision }: WonDeal, companyId: string, draftVersion: number) => ({
    companyId,
    mappingHash: 'default',
    kind: 'invoice' as const,
    recordId,
    revision,
    customerId: counter.customerId,
    draftVersion,
  });

  it('is not made in the old company when the deal belongs to another one by now', async () => {
    const abroad = randomUUID();
    const { companyId, ledger } = counter;
    const deal = await counter.win();
    const { recordId } = deal;
    const first = await open(companyId).createDraft(toInput(deal, companyId, 1));
    expect(await ledger.saveDeal(deal, { mapping: 'default', companyId: abroad })).toBe(companyId);

    // An attempt at the same draft finds it where it is.
    expect(await open(companyId).createDraft(toInput(deal, companyId, 1))).toMatchObject({ id: first?.id });
    for (const [wrong, draftVersion] of [
      [companyId, 2],
      [abroad, 1],
      [randomUUID(), 2],
    ] as const) {
      const again = open(wrong).createDraft(toInput(deal, wrong, draftVersion));
      expect(await refusalsOf(again)).toMatchObject([{ reason: 'company-changed' }]);
    }
    // As it was registered, where it was.
    const named = { ...counter.ledger, nameCompany: async (id: string) => (id === abroad ? 'Abroad' : 'Home') };
    const moved = ensureCompanyStands({ ledger: named, companyId }, { recordId, draftVersion: 2 });
    expect(await refusalsOf(moved)).toMatchObject([{ text: 'company Abroad instead of Home' }]);
    expect(await ledger.getRecord(recordId)).toMatchObject({ companyId, draftVersion: 1 });
    expect((await ledger.openIntent(writeKey(recordId, 'draft', 2), recordId, new Date())).state).toBe('first');
  });

  it('is made in the new company once the one before is gone, however often the step runs', async () => {
    const abroad = randomUUID();
    const { companyId, ledger } = counter;
    const deal = await counter.win();
    const first = await open(companyId).createDraft(toInput(deal, companyId, 1));
    await counter.client.deleteInvoice(first?.id ?? '', first?.etag ?? '', REPEATABLE);
    await ledger.saveDeal(deal, { mapping: 'default', companyId: abroad });
    const second = await open(abroad).createDraft(toInput(deal, abroad, 2));
    expect(second?.id).not.toBe(first?.id);
    expect(await ledger.getRecord(deal.recordId)).toMatchObject({ companyId: abroad, draftVersion: 2 });
    expect(await open(abroad).createDraft(toInput(deal, abroad, 2))).toMatchObject({ id: second?.id });
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBusinessCentralActivities } from '../../src/activities/documents/invoices.js';
import { findRefusals } from '../../src/activities/remote/failures.js';
import { type Company, createCompanies, toEachCompany } from '../../src/activities/routing/companies.js';
import { createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { CompanyPlace } from '../../src/deal/companies.js';
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
    ledger: counter.ledger,
    open: (place) => {
      asked.push(place.company);
      return open(place);
    },
  });
  return { companies, asked };
}

async function seeIn(companyId: string | undefined): Promise<string> {
  const recordId = randomUUID();
  await counter.ledger.register({ table: 'salesorder', recordId });
  if (companyId) await counter.ledger.change(recordId, { kind: 'company', companyId });
  return recordId;
}

const recordIn = async (companyId: string | undefined) => counter.ledger.getRecord(await seeIn(companyId));

const todaysRules = () =>
  createRulesOfRecords({
    today: parseRules(''),
    findMapping: async () => undefined,
    withMappingOf: (today) => today,
  });

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

describe('the company of a record', () => {
  it('is the first one for a record that was not read yet', async () => {
    const { companies } = openCompanies(async () => toCompany(randomUUID()));
    expect(await companies.companyOf(await recordIn(undefined))).toBe(companies.first);
  });

  it('is found by a worker that has opened none yet, and refused when no rule names it any more', async () => {
    const ids = new Map([
      ['Dollars', randomUUID()],
      ['Pounds', randomUUID()],
    ]);
    const { companies } = openCompanies(async ({ company }) => toCompany(ids.get(company) ?? ''));
    const pounds = ids.get('Pounds');
    expect((await companies.companyOf(await recordIn(pounds))).companyId).toBe(pounds);
    expect(await refusalsOf(companies.companyOf(await recordIn(randomUUID())))).toMatchObject([
      { reason: 'company-unknown' },
    ]);
  });

  it('decides where a step works; a step that names its company works there', async () => {
    const pounds = randomUUID();
    const { companies } = openCompanies(async ({ company }) => toCompany(company === 'Pounds' ? pounds : randomUUID()));
    const steps = toEachCompany(companies, todaysRules(), ({ companyId }) => ({
      where: async (_input: { readonly recordId?: string; readonly companyId?: string }) => companyId,
    }));
    expect(await steps.where({ recordId: await seeIn(pounds) })).toBe(pounds);
    expect(await steps.where({ companyId: pounds })).toBe(pounds);
    expect(await steps.where({})).toBe(counter.companyId);
  });
});

describe('a draft after a draft', () => {
  it('is not made in the old company when the deal belongs to another one by now', async () => {
    const abroad = randomUUID();
    const { client: businessCentral, companyId, ledger, customerId } = counter;
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const common = {
      businessCentral,
      companyId,
      ledger,
      clock: systemClock,
      rules: parseRules(''),
      ambiguityWindowMs: 0,
      sets,
    };
    const steps = createBusinessCentralActivities(common);
    const { recordId, revision } = await counter.win();
    await ledger.change(recordId, { kind: 'company', companyId });
    const first = await steps.createDraft({ recordId, revision, customerId, draftVersion: 1 });
    await ledger.change(recordId, { kind: 'company', companyId: abroad });

    // An attempt at the same draft finds it where it is.
    expect(await steps.createDraft({ recordId, revision, customerId, draftVersion: 1 })).toMatchObject({
      id: first?.id,
    });
    const again = steps.createDraft({ recordId, revision, customerId, draftVersion: 2 });
    expect(await refusalsOf(again)).toMatchObject([{ reason: 'company-changed' }]);
    expect(await ledger.getRecord(recordId)).toMatchObject({ companyId: abroad, draftVersion: 2 });
    expect((await ledger.openIntent(writeKey(recordId, 'draft', 2), recordId)).state).toBe('first');
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { createLedgerActivities } from '../../src/activities/deals/ledger.js';
import type { Actor } from '../../src/deal/actor.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { parseRules } from '../../src/process/config.js';
import { createDecisionProofs } from '../../src/secrets/decision-proof.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { makeInvoice } from '../support/documents.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { loadProgressOf } from '../support/posting.js';

/** One confirmation of several: it counts once its proof is checked, and the trail has it. */

let embedded: EmbeddedLedger;
let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await database.close();
  await embedded.stop();
});

const proofs = createDecisionProofs(openKeyRing({ kind: 'text', text: createKeyLine() }), { now: () => new Date() });
const figures = { documentNumber: '1002', totalIncludingTax: '169.46', currency: 'EUR' };
const companyId = randomUUID();

const activities = () =>
  createLedgerActivities({
    ...{ ledger, startDeal: async () => undefined, claimDeal: createClaimDeal({ ledger }) },
    rules: { withHash: async () => parseRules('') },
    loadProgress: loadProgressOf({ ledger, companyId }),
    decisions: { proofs, unverified: 'accepted' },
  });

async function register(): Promise<string> {
  const recordId = randomUUID();
  await ledger.register({ table: 'salesorder', recordId });
  return recordId;
}

function proved(recordId: string, name: string, personId?: string): Actor {
  const actor = { name, source: 'desk', personId } as const;
  return { ...actor, isVerified: true, proof: proofs.prove({ recordId, action: 'confirm', actor, figures }) };
}

const trailOf = async (recordId: string) =>
  (
    await database.query<{ actor: string; action: string; facts: object }>(
      'SELECT actor, action, facts FROM audit_entries WHERE record_id = $1 ORDER BY entry_id',
      [recordId],
    )
  ).rows;

describe('one of several confirmations', () => {
  it('counts, and is in the trail with its figures; the last one is left to what follows', async () => {
    const recordId = await register();
    const give = (name: string, by: string[]) =>
      activities().recordApproval({
        ...{ recordId, figures, note: '' },
        actor: proved(recordId, name),
        approval: { needed: 2, by },
      });
    expect(await give('Ann', [])).toBe('counted');
    expect(await give('Bob', ['Ann'])).toBe('last');
    expect(await trailOf(recordId)).toEqual([
      {
        actor: 'Ann',
        action: 'confirm as one of several',
        facts: expect.objectContaining({ figures, confirmations: 1, needed: 2 }),
      },
    ]);
  });

  it.each([
    ['the same person', 'ANN', undefined, 'the same person twice'],
    ['one without a proof', 'Bob', 'made up', 'nobody proved who it is'],
  ])('of %s is void', async (_who, name, proof, cause) => {
    const recordId = await register();
    const actor = { ...proved(recordId, name), ...(proof && { proof }) };
    const approval = { needed: 2, by: ['Ann'] };
    expect(await activities().recordApproval({ recordId, figures, note: '', actor, approval })).toBe('void');
    expect(await trailOf(recordId)).toMatchObject([{ action: 'confirmation is void', facts: { cause } }]);
  });

  it('of the same person by another name is void, and nobody makes a proof one of another person', async () => {
    const recordId = await register();
    const approval = { needed: 2, by: ['Ann'], people: ['id-of-ann'] };
    const give = (actor: Actor) => activities().recordApproval({ recordId, figures, note: '', actor, approval });
    const ann = proved(recordId, 'Ann Brown', 'id-of-ann');
    expect(await give(ann)).toBe('void');
    expect(await give({ ...ann, personId: 'id-of-bob' })).toBe('void');
    expect(await give({ ...ann, personId: undefined })).toBe('void');
    expect(await trailOf(recordId)).toMatchObject([
      { facts: { cause: 'the same person twice' } },
      { facts: { cause: 'nobody proved who it is' } },
      { facts: { cause: 'nobody proved who it is' } },
    ]);
    expect(await give(proved(recordId, 'Bob', 'id-of-bob'))).toBe('last');
  });
});

it('a customer is new until something was handed over for it in this company', async () => {
  const [first, next] = [await register(), await register()];
  const of = { companyId, customerNumber: 'C-4711' };
  const isNew = (recordId: string, company = companyId) =>
    activities()
      .findDraftFacts({ ...of, recordId, companyId: company, draftId: randomUUID() })
      .then(({ isNewCustomer }) => isNewCustomer);
  const put = (isHandedOver: boolean) =>
    database.query(
      'UPDATE source_records SET customer_number = $2, company_id = $3, is_handed_over = $4 WHERE record_id = $1',
      [first, of.customerNumber, companyId, isHandedOver],
    );
  await put(false);
  expect(await isNew(next)).toBe(true);
  await put(true);
  expect(await isNew(next)).toBe(false);
  expect(await isNew(first)).toBe(true);
  expect(await isNew(next, randomUUID())).toBe(true);
});

it('a customer is no new one because it was given another number, and is one that got the number of another', async () => {
  const [customerId, otherId] = [randomUUID(), randomUUID()];
  const deal = async (change: { readonly customerId: string; readonly customerNumber: string }) => {
    const [recordId, draft] = [await register(), makeInvoice({ id: randomUUID(), ...change })];
    await ledger.saveDocument(recordId, 'invoice', draft);
    await database.query(
      'UPDATE source_records SET document_id = $2, customer_number = $3, company_id = $4 WHERE record_id = $1',
      [recordId, draft.id, change.customerNumber, companyId],
    );
    const of = { recordId, companyId, customerNumber: change.customerNumber, draftId: draft.id };
    return { recordId, isNew: async () => (await activities().findDraftFacts(of)).isNewCustomer };
  };
  const first = await deal({ customerId, customerNumber: 'C-1' });
  await database.query('UPDATE source_records SET is_handed_over = true WHERE record_id = $1', [first.recordId]);
  expect(await (await deal({ customerId, customerNumber: 'C-2' })).isNew()).toBe(false);
  expect(await (await deal({ customerId: otherId, customerNumber: 'C-1' })).isNew()).toBe(true);
  expect(await first.isNew()).toBe(true);
});

it('a draft is edited while it differs from what we wrote last, whoever has changed it', async () => {
  const recordId = await register();
  const draft = makeInvoice({ id: randomUUID() });
  await ledger.recordOutcome({
    recordId,
    document: { kind: 'invoice', content: draft },
    audit: { actor: 'dealbridge', action: 'create draft invoice in Business Central' },
  });
  const isEdited = async () => {
    const of = { recordId, companyId, customerNumber: 'C-4711' };
    return (await activities().findDraftFacts({ ...of, draftId: draft.id })).isEdited;
  };
  expect(await isEdited()).toBe(false);
  await ledger.saveDocument(recordId, 'invoice', { ...draft, etag: 'W/"d2"', lastModified: '2031-05-04T09:00:00Z' });
  expect(await isEdited()).toBe(false);
  await ledger.saveDocument(recordId, 'invoice', { ...draft, customerNumber: 'C10002' });
  expect(await isEdited()).toBe(true);
  await ledger.saveDocument(recordId, 'invoice', draft);
  expect(await isEdited()).toBe(false);
});

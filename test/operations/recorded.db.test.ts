import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { Person } from '../../src/identity/person.js';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { createTrailSigner } from '../../src/ledger/audit/signatures.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, withSigner } from '../../src/ledger/database.js';
import { listNotes } from '../../src/ledger/desk/notes.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { erasePersonalContent } from '../../src/operations/audit/audit.js';
import { assignDeal, noteDeal } from '../../src/operations/deals/notes.js';
import { acceptEnvironment, listEnvironments } from '../../src/operations/settings/environments.js';
import { markComplete, markRestored, prune } from '../../src/operations/settings/upkeep.js';
import { useLedger } from '../support/use-ledger.js';

/** What the ledger records itself, within the transaction of the act, names the person as fully as everything else. */

const ANN: Person = { name: 'ann', source: 'desk', isVerified: true, roles: ['Admin'] };
const RECORD_ID = '6f9619ff-8b86-4011-b42d-00c04fc964ff';

let database: Database;
useLedger((opened) => {
  database = opened;
});

describe('acts that the ledger records itself', () => {
  it('name the person, the source and whether the name was proved, and the chain still verifies', async () => {
    const ledger = createLedger(database);
    const address = 'https://contoso.crm4.dynamics.com';
    const readIdentity = async () => ({ organizationId: 'one' });
    await ledger.register({ table: 'salesorder', recordId: RECORD_ID });
    await ledger.change(
      RECORD_ID,
      { kind: 'ended', state: 'cancelled', by: 'Sales' },
      { actor: 'test', action: 'cancelled' },
    );

    await prune({ database, now: new Date() }, ANN, { olderThanDays: 90 });
    const outside = {
      findLastSealOutside: async () => 7n,
      restartDeals: async () => ({ restarted: 0, unreadable: [] }),
    };
    await markRestored({ database, ...outside }, ANN, {});
    await markComplete({ database }, ANN, {});
    await acceptEnvironment({ database, addressesOf: () => [{ address, readIdentity }] }, ANN, { system: 'dataverse' });
    await erasePersonalContent({ ledger }, ANN, { recordId: RECORD_ID, reason: 'asked for' });

    const entries = [...(await ledger.readAudit(SYSTEM_CHAIN)), (await ledger.readAudit(RECORD_ID)).at(-1)];
    expect(entries.map((entry) => [entry?.action, entry?.actor, entry?.facts])).toEqual(
      [
        'prune the ledger',
        'restored the ledger',
        'the restored ledger is complete',
        'environment accepted',
        'erase personal content',
      ].map((action) => [action, 'ann', expect.objectContaining({ source: 'desk', verified: true })]),
    );
    expect((await verifyAudit(database, { knownSeals: [] })).findings).toEqual([]);
  });

  it('accept each company that answers, and tell which does not: one that was deleted keeps no other from going on', async () => {
    const reading = (companyId: string) => async () => ({ companyId });
    const addresses = [
      { address: 'gone', readIdentity: async () => undefined },
      {
        address: 'away',
        readIdentity: () => Promise.reject(new RemoteApiError('entra', 'unauthorized', 'ask for a token', {})),
      },
      { address: 'home', readIdentity: reading('new') },
    ];
    const { accepted, failed } = await acceptEnvironment({ database, addressesOf: () => addresses }, ANN, {
      system: 'business-central',
    });
    expect(accepted).toMatchObject([{ address: 'home', now: { companyId: 'new' } }]);
    expect(failed).toEqual([
      { address: 'gone', problem: 'nothing stands under it: correct the settings' },
      { address: 'away', problem: 'ask for a token: unauthorized' },
    ]);
    const registered = await listEnvironments({ database }, ANN, {});
    expect(registered.map(({ address }) => address)).toContain('home');
  });

  it('are done with their entry or not at all, so that whoever repeats one does it once (I4)', async () => {
    const recordId = randomUUID();
    await createLedger(database).register({ table: 'salesorder', recordId });
    const isGiven = 'SELECT FROM deal_assignments WHERE record_id = $1';
    const refused = createTrailSigner({
      sign: () => {
        throw new Error('the key ring cannot be read');
      },
      checkSignature: () => 'right',
    });
    const unable = { database: withSigner(database, refused) };
    await expect(noteDeal(unable, ANN, { deal: recordId, text: 'rang' })).rejects.toThrow('the key ring');
    await expect(assignDeal(unable, ANN, { deal: recordId, to: 'me' })).rejects.toThrow('the key ring');
    expect(await listNotes(database, recordId)).toEqual([]);
    await database.query(
      `INSERT INTO detections (record_id, source_table, source, first_at, last_at)
       VALUES ($1, 'salesorder', 'webhook', now() - interval '1 year', now() - interval '1 year')`,
      [recordId],
    );
    await expect(prune({ ...unable, now: new Date() }, ANN, { olderThanDays: 90 })).rejects.toThrow('the key ring');
    expect(await prune({ database, now: new Date() }, ANN, { olderThanDays: 90, isDryRun: true })).toMatchObject({
      detections: 1,
    });
    expect((await database.query(isGiven, [recordId])).rowCount).toBe(0);

    await noteDeal({ database }, ANN, { deal: recordId, text: 'rang' });
    await assignDeal({ database }, ANN, { deal: recordId, to: 'me' });
    expect(await listNotes(database, recordId)).toMatchObject([{ by: 'ann', text: 'rang' }]);
    expect((await database.query(isGiven, [recordId])).rowCount).toBe(1);
    expect(await createLedger(database).readAudit(recordId)).toMatchObject([
      { action: 'note a deal', actor: 'ann', facts: { source: 'desk', verified: true } },
      { action: 'assign a deal', actor: 'ann', facts: { to: 'ann' } },
    ]);
  });
});

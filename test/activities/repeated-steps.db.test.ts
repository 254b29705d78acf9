import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { createLedgerActivities } from '../../src/activities/deals/ledger.js';
import { toSellerNote } from '../../src/activities/deals/seller-note.js';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { RecordRef } from '../../src/deal/deal.js';
import { writeKey } from '../../src/deal/ids.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createDecisionProofs } from '../../src/secrets/decision-proof.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { loadProgressOf } from '../support/posting.js';

/** A run whose last task was lost, or that Temporal has from an older copy, goes through steps that the ledger knows as done. */

let embedded: EmbeddedLedger;
let database: Database;
beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
});

async function openDeal(
  state: 'confirmed' | 'awaiting-shipment',
  startDeal: (ref: RecordRef, hint?: ChangeHint) => Promise<unknown> = async () => undefined,
) {
  const ledger = createLedger(database);
  const steps = createLedgerActivities({
    ...{ ledger, startDeal, claimDeal: createClaimDeal({ ledger }) },
    rules: { withHash: async () => parseRules('') },
    loadProgress: loadProgressOf({ ledger, companyId: randomUUID() }),
    decisions: {
      proofs: createDecisionProofs(openKeyRing({ kind: 'text', text: createKeyLine() }), systemClock),
      unverified: 'accepted',
    },
  });
  const recordId = randomUUID();
  await ledger.register({ table: 'salesorder', recordId });
  await steps.recordState({ recordId, state });
  return { ledger, steps, recordId };
}

describe('a deal that was handed over', () => {
  it('gets no notice that somebody posted it by hand, which another deal gets once', async () => {
    const notice = { kind: 'posted-by-hand', subject: 'draft-1' } as const;
    const handedOver = await openDeal('awaiting-shipment');
    expect(await handedOver.steps.saveNotice({ recordId: handedOver.recordId, notice })).toBe(false);
    expect(await handedOver.ledger.listNotices(handedOver.recordId)).toEqual([]);
    const { ledger, steps, recordId } = await openDeal('confirmed');
    await steps.saveNotice({ recordId, notice });
    await steps.saveNotice({ recordId, notice });
    expect((await ledger.listNotices(recordId)).map(({ kind }) => kind)).toEqual(['posted-by-hand']);
  });

  it('has a seller who is still to be told until the note is written, whoever saved the notice (I12)', async () => {
    const { ledger, steps, recordId } = await openDeal('awaiting-shipment');
    const notice = { kind: 'changed-after-confirmation', subject: 'W/"2"' } as const;
    // The attempt that saved it may have died before anybody heard its answer.
    expect(await steps.saveNotice({ recordId, notice })).toBe(true);
    expect(await steps.saveNotice({ recordId, notice })).toBe(true);
    const { noteId, writeKey } = toSellerNote({ recordId }, notice);
    const audit = { actor: 'dealbridge', action: 'write a note in Sales' } as const;
    await ledger.openIntent(writeKey, recordId, systemClock.now());
    expect(await steps.saveNotice({ recordId, notice })).toBe(true);
    await ledger.recordOutcome({ recordId, writeKey, result: { noteId }, audit });
    expect(await steps.saveNotice({ recordId, notice })).toBe(false);
    expect(await ledger.listNotices(recordId)).toHaveLength(1);
  });

  it('is not confirmed once more', async () => {
    const { ledger, steps, recordId } = await openDeal('awaiting-shipment');
    const decision = { actor: 'rule', action: 'confirm', facts: {} } as const;
    await steps.recordState({ recordId, state: 'confirmed', decision });
    expect((await ledger.readAudit(recordId)).map(({ action }) => action)).not.toContain('confirm');
    expect((await ledger.getRecord(recordId)).state).toBe('awaiting-shipment');
  });
});

describe('a document that is found posted', () => {
  it.each([
    ['post', 'post invoice in Business Central', true],
    ['ship-and-invoice', 'ship and invoice order in Business Central', false],
  ])(
    'after a request to %s it whose answer was lost was posted by us, not by hand (I4)',
    async (step, action, isClosed) => {
      const { ledger, steps, recordId } = await openDeal('confirmed');
      const key = writeKey(recordId, `${step}-draft-1`);
      await ledger.openIntent(key, recordId, systemClock.now());
      expect(await steps.saveNotice({ recordId, notice: { kind: 'posted-by-hand', subject: 'draft-1' } })).toBe(false);
      expect(await ledger.listNotices(recordId)).toEqual([]);
      const entry = (await ledger.readAudit(recordId)).at(-1);
      expect(entry).toMatchObject({ actor: 'dealbridge', action, facts: { documentId: 'draft-1', adopted: true } });
      expect(await ledger.isWritten(key)).toBe(true);
      expect(await ledger.getRecord(recordId)).toMatchObject({ state: 'posted', isHandedOver: true, isClosed });
    },
  );

  it('after a request that certainly posted nothing was posted by hand', async () => {
    const { ledger, steps, recordId } = await openDeal('confirmed');
    const key = writeKey(recordId, 'post-draft-1');
    await ledger.openIntent(key, recordId, systemClock.now());
    await ledger.markNotDone(key, 1);
    await steps.saveNotice({ recordId, notice: { kind: 'posted-by-hand', subject: 'draft-1' } });
    expect((await ledger.listNotices(recordId)).map(({ kind }) => kind)).toEqual(['posted-by-hand']);
  });
});

describe('a record whose deal another one has handed over', () => {
  async function openLineage() {
    const carrier = await openDeal('confirmed');
    const started: { recordId: string; hint: ChangeHint | undefined }[] = [];
    let isAway = false;
    const { ledger, steps, recordId } = await openDeal('confirmed', async (ref, hint) => {
      if (isAway) throw new Error('Temporal is away');
      started.push({ recordId: ref.recordId, hint });
    });
    const carrierId = carrier.recordId;
    return {
      ...{ ledger, steps, recordId, carrierId, started },
      end: () => steps.recordState({ recordId, state: 'already-handed-over', carrierId }),
      cancelCarrier: () => steps.recordState({ recordId: carrierId, state: 'cancelled', endedBy: 'Sales' }),
      setAway: (away: boolean) => {
        isAway = away;
      },
    };
  }

  it('is told to read again when that one is cancelled, since its own run may be ending', async () => {
    const { ledger, steps, recordId, carrierId, started, end, cancelCarrier } = await openLineage();
    await end();
    await cancelCarrier();
    await steps.wakeSuperseded({ recordId: carrierId });
    expect(started).toEqual([{ recordId, hint: { at: 'dataverse' } }]);
    expect((await ledger.getRecord(recordId)).state).toBe('seen');
  });

  it('is told so as well when that one was cancelled before this is recorded', async () => {
    const { ledger, steps, recordId, carrierId, started, end, cancelCarrier } = await openLineage();
    await cancelCarrier();
    await steps.wakeSuperseded({ recordId: carrierId });
    expect(started).toEqual([]);
    await end();
    expect(started).toEqual([{ recordId, hint: { at: 'dataverse' } }]);
    expect((await ledger.getRecord(recordId)).state).toBe('seen');
  });

  it('is started by the next attempt when the first did not come to it', async () => {
    const { steps, recordId, carrierId, started, end, cancelCarrier, setAway } = await openLineage();
    await end();
    await cancelCarrier();
    setAway(true);
    await expect(steps.wakeSuperseded({ recordId: carrierId })).rejects.toThrow('Temporal is away');
    setAway(false);
    await steps.wakeSuperseded({ recordId: carrierId });
    expect(started).toEqual([{ recordId, hint: { at: 'dataverse' } }]);
  });

  it('stays ended when a person rejected that one', async () => {
    const { ledger, recordId, carrierId, started, steps, end } = await openLineage();
    await steps.recordState({ recordId: carrierId, state: 'rejected', endedBy: 'ann' });
    await end();
    expect(started).toEqual([]);
    expect((await ledger.getRecord(recordId)).state).toBe('already-handed-over');
  });
});
